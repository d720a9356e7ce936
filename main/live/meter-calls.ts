/**
 * The way of a call past the proxy: a durable begin, the price and the settle, and the screen after the commit. The callbacks that the engine gives
 * the proxy; it knows the ledger only as the two functions it is given.
 */
import type { BegunCall, CallOutcome, SettledCall } from '../../shared/call.ts';
import type { Unusual } from '../../shared/corrections.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { settle, type CallEnd } from '../../shared/settle.ts';
import type { Live } from './live.ts';
import { rowOf } from './row.ts';
import { createRunningView, saidOf, type CallSoFar } from './running-view.ts';

export type CallWriter = {
  readonly begin: (call: BegunCall) => Promise<unknown>;
  /** Undefined when it outlives this process already; else resolves when it does, or has to wait for the disk. */
  readonly settle: (
    begun: BegunCall,
    settled: SettledCall,
    onCommitted: (unusual: Unusual | null) => void,
  ) => Promise<void> | undefined;
};

export type CallCallbacks = {
  readonly onBegin: (call: BegunCall, soFar: () => CallSoFar) => Promise<void>;
  /** As the settle: the end of the answer waits for it. */
  readonly onFinish: (call: BegunCall, end: CallEnd) => Promise<void> | undefined;
};

/** Told of every end at once, and again when its row is in the ledger: what limits go by. */
export type EndListener = {
  readonly finish: (call: BegunCall, end: CallEnd, outcome: CallOutcome) => void;
  /** `isUnusual`: the ledger had another row for it. */
  readonly committed: (callId: string, isUnusual: boolean) => void;
};

export function meterCalls(
  writer: CallWriter,
  live: Live,
  book: () => PriceBook,
  { finish, committed }: EndListener,
): CallCallbacks {
  return {
    onBegin: async (call, soFar) => {
      await writer.begin(call);
      live.started(call, createRunningView(soFar, call.startedAtMs, book()));
    },
    onFinish: (call, end) => {
      const { outcome, lines } = settle(end, book());
      // Behind the end of the answer, which waits for the settle alone; before anything of the next call.
      queueMicrotask(() => finish(call, end, outcome));
      live.finished(call.id, saidOf(outcome));
      return writer.settle(call, { id: call.id, outcome, lines }, whenApplied(call, outcome));
    },
  };

  /** A function of its own, which holds these two and not the answer they were read from: hundreds wait at a time. */
  function whenApplied(call: BegunCall, outcome: CallOutcome): (unusual: Unusual | null) => void {
    return (unusual) => {
      committed(call.id, unusual !== null);
      if (unusual?.kind === 'merged') {
        // Another source had told of it before: its row stands, with what this one knew better.
        live.ended(call.id);
        live.changed(unusual.changes);
      } else live.settled(rowOf(call, unusual === null ? outcome : unusual.outcome));
    };
  }
}
