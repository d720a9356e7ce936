/** What the proxy is given: where it listens and forwards to, whom it serves, and the callbacks by which it tells what passes. */
import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { Attribution, BegunCall } from '../../shared/call.ts';
import type { OutputCalibration } from '../../shared/output-estimate.ts';
import type { CallEnd } from '../../shared/settle.ts';
import type { Clock } from '../system/clock.ts';
import type { AttributionDefaults } from './attribute.ts';
import type { CallSoFar } from './call-end.ts';
import type { GuardRules } from './guard.ts';
import type { BatchInspection, Inspection } from './inspect.ts';
import type { MemberKeyBook } from './member-key.ts';
import type { UpstreamOptions } from './upstream.ts';

/** A call that asks whether it may go. */
export type Asking = {
  /** Without its conversation, which the answer names. */
  readonly call: BegunCall;
  readonly inspection: Inspection;
  /** Who calls, hashed: credential, member and project. Prompts are compared within it only. */
  readonly scope: string;
  /** Asks Anthropic's `count_tokens` with the client's own credential; null when there is no answer in time. */
  readonly countTokens: () => Promise<number | null>;
};

/** A batch that asks whether it may be submitted. */
export type BatchAsking = { readonly call: BegunCall; readonly requests: BatchInspection['requests'] };

export type AskAnswer =
  | {
      readonly kind: 'allowed';
      readonly conversation: string | null;
      /** The value of `x-tollkeeper-warning` on the answer, the only header we add; null for none. */
      readonly warning: string | null;
    }
  /** The whole answer; nothing leaves this machine. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

export type CutShort = (call: BegunCall, soFar: CallSoFar) => string | null;

export type ProxyCallbacks = {
  /**
   * Before anything else of a metered call. One that is allowed is begun and finished, one that is refused is neither. Never throws and never rejects:
   * what cannot be decided is allowed.
   */
  readonly onAsk: (asking: Asking) => AskAnswer | Promise<AskAnswer>;
  /** Before a message batch is submitted; as `onAsk`, but that nothing is begun or finished of it, since it is billed by its results: `onBatchSubmitted` ends it. */
  readonly onAskBatch: (asking: BatchAsking) => AskAnswer | Promise<AskAnswer>;
  /**
   * Asked once for a call: what is then asked between two events of its stream, and answers with its last event where it is to be cut, else null. Null or
   * absent: the call is not cut.
   */
  readonly cutShort?: () => CutShort | null;
  /** Resolves when the call is durable, or cannot be made so; never rejects. `soFar` tells what the answer has said while it runs. */
  readonly onBegin: (call: BegunCall, soFar: () => CallSoFar) => Promise<void>;
  /**
   * Undefined when the end of the answer may be seen at once, else resolves when it may: the settle outlives the process, or cannot be made to. Never
   * rejects.
   */
  readonly onFinish: (call: BegunCall, end: CallEnd) => Promise<void> | undefined;
  /** Once for each batch that was allowed: what Anthropic made of it; null when it was not taken, or nobody heard. */
  readonly onBatchSubmitted: (call: BegunCall, facts: BatchFacts | null) => void;
  /** Batches that were asked about. */
  readonly onBatches: (batches: readonly BatchFacts[]) => void;
  /** `fetcher` stands in where the submission was never seen. */
  readonly onBatchResults: (batchId: string, results: readonly BatchResult[], fetcher: BatchFetcher) => void;
  /** All results of it have been told. */
  readonly onBatchMetered: (batchId: string) => void;
};

export type BatchFetcher = Pick<Attribution, 'member' | 'project' | 'customer'> & { readonly client: string | null };

export type ProxyOptions = UpstreamOptions &
  GuardRules & {
    readonly port: number;
    readonly defaults: AttributionDefaults;
    readonly memberKeys: MemberKeyBook;
    /** Read an answer to its end when its client leaves (setting `drainOnAbort`, which may change meanwhile: asked at each call). */
    readonly drainsOnAbort: () => boolean;
    /** What the text of cut answers comes to in tokens; learns from those that are whole. */
    readonly calibration: OutputCalibration;
    /** The headers of a request must be here within this; for tests. */
    readonly slowHeadersMs?: number;
    /** What the bodies of all calls on their way may hold together before they are looked into; for tests. */
    readonly heldBytesMax?: number;
    readonly clock: Clock;
    readonly callId: () => string;
    readonly callbacks: ProxyCallbacks;
  };
