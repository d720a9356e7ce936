/**
 * The limits on the way of a call: which conversation it belongs to, whether it may go, and what it came to. The callbacks that the engine gives the
 * proxy; knows no proxy and no ledger. A state for each call on its way:
 *
 *   ask → refused: its row is written and its answer given; nothing is held of it.
 *   ask → allowed → finish: with a usage or a cost it is told to the limits, which end its reservation; without either, the reservation is released.
 *
 * Promises that a fault in here lets the call pass and is shown (`failed`), and that every call allowed holds its reservation until `finish`.
 */
import type { BegunCall, CallOutcome } from '../../shared/call.ts';
import type { LimitsSettings } from '../../shared/contract/limits.ts';
import type { ConversationIndex } from '../../shared/conversation-index.ts';
import type { PromptMeasure } from '../../shared/prompt-measure.ts';
import type { Usage } from '../../shared/usage.ts';
import type { BatchBefore } from './batch-decision.ts';
import { turnOf, type OpenCall } from './guarded-turn.ts';
import type { After, Before, CallBefore, Limits } from './limits.ts';
import { createPendingWarnings } from './pending-warnings.ts';
import { createPlaces, type Place, type PlacedBy } from './places.ts';
import type { Refusal } from './refusal.ts';
import type { Warning } from './warnings.ts';

export type GuardedCall = {
  readonly call: BegunCall;
  readonly inspection: PlacedBy & {
    readonly maxTokens: number | null;
    readonly measure: PromptMeasure | null;
  };
  readonly scope: string;
  readonly countTokens: () => Promise<number | null>;
};

export type GuardedBatch = { readonly call: BegunCall; readonly requests: BatchBefore['requests'] };

export type GuardAnswer =
  | { readonly kind: 'allowed'; readonly conversation: string | null; readonly warning: string | null }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

export type GuardOptions = {
  readonly limits: Limits;
  readonly index: ConversationIndex;
  /** As they are in force: asked at each call. */
  readonly switches: () => Pick<LimitsSettings, 'asksCountTokens' | 'hasWarningHeader'>;
  /** Undefined when its row outlives this process already; else resolves when it does, or cannot be made to. */
  readonly onRefused: (call: BegunCall, refusal: Refusal) => Promise<void> | undefined;
  readonly onWarnings: (call: BegunCall, warnings: readonly Warning[]) => void;
  readonly onBudgetWarnings: (warnings: After['budgetWarnings']) => void;
  readonly onParent: (conversation: string, parent: string) => void;
  readonly onFailure: (sentence: string) => void;
};

export type GuardedEnd = { readonly endedAtMs: number; readonly usage: Usage | null };

export type Guard = {
  readonly ask: (asking: GuardedCall) => GuardAnswer | Promise<GuardAnswer>;
  /** Before a batch is submitted. What is reserved for it stays until it is metered (batch-reservations.ts). */
  readonly askBatch: (asking: GuardedBatch) => GuardAnswer | Promise<GuardAnswer>;
  readonly finish: (call: BegunCall, end: GuardedEnd, outcome: CallOutcome) => void;
};

export function createGuard(options: GuardOptions): Guard {
  const { limits } = options;
  const places = createPlaces(options.index);
  const open = new Map<string, OpenCall>();
  const pending = createPendingWarnings();

  function ask(asking: GuardedCall): GuardAnswer | Promise<GuardAnswer> {
    const { inspection, scope } = asking;
    const place = places.find(scope, inspection);
    const { conversation, parent } = place;
    if (conversation !== null && parent !== null) options.onParent(conversation, parent);
    const call = { ...asking.call, conversation };
    const { measure, maxTokens } = inspection;
    const question = { ...call, callId: call.id, measure, maxTokens, nowMs: call.startedAtMs };
    const placed = { call, place, question };
    if (!options.switches().asksCountTokens || !limits.isWorthCounting(question)) return decide(placed, null);
    return asking.countTokens().then((counted) => decide(placed, counted));
  }

  function decide(placed: PlacedCall, countedTokens: number | null): GuardAnswer | Promise<GuardAnswer> {
    const before = limits.before({ ...placed.question, countedTokens });
    return before.decision.kind === 'refused'
      ? refuse(placed, before.decision)
      : allow(placed, before, before.decision.failure);
  }

  async function refuse({ call, place }: PlacedCall, refusal: Refusal): Promise<GuardAnswer> {
    places.end(place, { status: 'refused', messageId: null }, call);
    return answerOf(call, refusal);
  }

  async function answerOf(call: BegunCall, refusal: Refusal): Promise<GuardAnswer> {
    await options.onRefused(call, refusal);
    const { status, headers, body } = refusal;
    return { kind: 'refused', status, headers, body };
  }

  async function askBatch({ call, requests }: GuardedBatch): Promise<GuardAnswer> {
    const decision = limits.beforeBatch({ ...call, callId: call.id, nowMs: call.startedAtMs, requests });
    if (decision.kind === 'refused') return answerOf(call, decision);
    if (decision.failure !== null) options.onFailure(decision.failure);
    return { kind: 'allowed', conversation: null, warning: null };
  }

  function allow({ call, place, question }: PlacedCall, before: Before, failure: string | null): GuardAnswer {
    if (failure !== null) options.onFailure(failure);
    const { measure } = question;
    open.set(call.id, { place, measure, tokensByRule: before.estimate?.tokensByRule ?? 0 });
    if (before.warnings.length > 0) options.onWarnings(call, before.warnings);
    return { kind: 'allowed', conversation: call.conversation, warning: headerFor(call.conversation, before.warnings) };
  }

  function headerFor(conversation: string | null, own: readonly Warning[]): string | null {
    return conversation === null || !options.switches().hasWarningHeader ? null : pending.headerFor(conversation, own);
  }

  function finish(call: BegunCall, { endedAtMs, usage }: GuardedEnd, outcome: CallOutcome): void {
    const opened = open.get(call.id);
    open.delete(call.id);
    if (opened) places.end(opened.place, outcome, call);
    if (usage === null && outcome.costNanoUsd === null) return limits.release(call.id);
    const turn =
      usage === null || !opened ? null : turnOf(call, opened, { endedAtMs, usage, costNanoUsd: outcome.costNanoUsd });
    const measure = outcome.status === 'complete' ? (opened?.measure ?? null) : null;
    const { startedAtMs } = call;
    const after = limits.after({
      ...call,
      callId: call.id,
      startedAtMs,
      costNanoUsd: outcome.costNanoUsd,
      turn,
      measure,
    });
    if (after.failure !== null) options.onFailure(after.failure);
    if (after.budgetWarnings.length > 0) options.onBudgetWarnings(after.budgetWarnings);
    if (after.warnings.length === 0) return;
    options.onWarnings(call, after.warnings);
    if (call.conversation !== null) pending.hold(call.conversation, after.warnings);
  }

  /** Nothing was decided: the call goes its way without a reservation. */
  function passed(error: unknown): GuardAnswer {
    options.onFailure(failureSentence(error));
    return { kind: 'allowed', conversation: null, warning: null };
  }

  return {
    ask: (asking) => {
      try {
        const answer = ask(asking);
        return answer instanceof Promise ? answer.catch(passed) : answer;
      } catch (error) {
        return passed(error);
      }
    },
    askBatch: (asking) => askBatch(asking).catch(passed),
    finish: (call, end, outcome) => {
      try {
        finish(call, end, outcome);
      } catch (error) {
        limits.release(call.id);
        options.onFailure(failureSentence(error));
      }
    },
  };
}

type PlacedCall = {
  readonly call: BegunCall;
  readonly place: Place;
  readonly question: Omit<CallBefore, 'countedTokens'>;
};

function failureSentence(error: unknown): string {
  return `The limits failed and the call was let through: ${error instanceof Error ? error.message : String(error)}`;
}
