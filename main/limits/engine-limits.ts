/**
 * The limits of a running engine: connects the guard, what is remembered between starts, what is spent, and what the screens and the API ask. Knows the
 * ledger only as the functions it is given.
 */
import type { BegunCall, CallOutcome, SettledCall } from '../../shared/call.ts';
import type { ConversationSeen } from '../../shared/contract/events.ts';
import { limitRulesOf, type LimitsSettings } from '../../shared/contract/limits.ts';
import type { LetOnAnswer, LimitsView } from '../../shared/contract/limits-view.ts';
import { createConversationIndex } from '../../shared/conversation-index.ts';
import { createDayOf } from '../../shared/period.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { settleRefused } from '../../shared/settle.ts';
import { isWireObject } from '../../shared/usage.ts';
import type { Clock } from '../system/clock.ts';
import { hashText } from '../system/hash-text.ts';
import { createBudgetSteps } from './budget-steps.ts';
import { createCutShort, type CutShort } from './cut-short.ts';
import { createGuard, type Guard, type GuardedEnd } from './guard-calls.ts';
import { startKeepingMemory } from './keep-memory.ts';
import { createLimits, type Limits, type LimitsMemory } from './limits.ts';
import { conversationSeen, limitsSummary, limitsView, type LimitsSummary } from './limits-seen.ts';
import { pastTurn } from './past-turn.ts';
import type {
  BudgetSums,
  KeptBudgetWarning,
  KeptParent,
  KeptWarning,
  LimitsStart,
} from '../../shared/contract/limits-start.ts';
import { createNoticePace } from './notice-pace.ts';
import { createParents } from './parents.ts';
import type { Refusal } from './refusal.ts';
import { createSeen } from './seen.ts';
import { createSpendAgain, type SpendAgainOptions } from './spend-again.ts';
import type { Warning } from './warnings.ts';

export type EngineLimitsOptions = {
  readonly settings: LimitsSettings;
  readonly timeZone: string;
  readonly book: () => PriceBook;
  readonly clock: Clock;
  readonly start: LimitsStart;
  readonly ledger: {
    /** Of the writer thread: see spend-again.ts. */
    readonly budgetSums: SpendAgainOptions['read'];
    readonly keepMemory: (memory: string) => Promise<boolean>;
    readonly keepWarnings: (warnings: readonly KeptWarning[]) => Promise<void>;
    readonly keepBudgetWarnings: (warnings: readonly KeptBudgetWarning[]) => Promise<void>;
    readonly keepParent: (kept: KeptParent) => Promise<void>;
  };
  /** Undefined when the row outlives this process already; else resolves when it does, or cannot be made to. */
  readonly recordRefused: (call: BegunCall, settled: SettledCall) => Promise<void> | undefined;
  /** A warning, a refusal or a failure, in one sentence: for the notification channel of the host. */
  readonly onNotice: (sentence: string) => void;
};

export type EngineLimits = {
  /** For the proxy. */
  readonly callbacks: {
    readonly onAsk: Guard['ask'];
    readonly onAskBatch: Guard['askBatch'];
    /** Null where nothing is cut, by the settings in force. */
    readonly cutShort: () => CutShort | null;
  };
  /** For whoever brings batches to the ledger. */
  readonly batchHolds: Pick<Limits['batches'], 'submitted' | 'noted'> & { readonly changed: () => void };
  /** Other settings are in force from the next call on. What is spent and reserved, what was told and what was learnt stays. */
  readonly useSettings: (settings: LimitsSettings) => void;
  readonly finish: (call: BegunCall, end: GuardedEnd, outcome: CallOutcome) => void;
  /** The row of a finished call is in the ledger; `isUnusual` when it is not the row it was told as. */
  readonly committed: (callId: string, isUnusual: boolean) => void;
  /** Other sources told of calls, or calls were corrected. */
  readonly ledgerChanged: () => void;
  readonly conversation: (id: string, project: string | null, nowMs: number) => ConversationSeen;
  readonly summary: (nowMs: number) => LimitsSummary;
  readonly view: () => LimitsView;
  /** `forMs` null is for good. Kept over a restart. */
  readonly allow: (conversation: string, forMs: number | null) => Promise<LetOnAnswer>;
  readonly revoke: (conversation: string) => Promise<LetOnAnswer>;
  /** Stops its timers and keeps what it has learnt. */
  readonly close: () => Promise<void>;
};

/** What cannot be read is learnt again. */
function memoryOf(text: string | null): Partial<LimitsMemory> {
  try {
    const memory: unknown = JSON.parse(text ?? '{}');
    return isWireObject(memory) ? memory : {};
  } catch {
    return {};
  }
}

export function createEngineLimits(options: EngineLimitsOptions): EngineLimits {
  const { timeZone, book, clock, start, ledger } = options;
  let { settings } = options;
  const dayOf = createDayOf(timeZone);
  const memory = memoryOf(start.memory);
  const rules = limitRulesOf(settings);
  const toldSteps = start.budgetWarnings;
  const limits = createLimits({ rules, timeZone, book, memory, spend: start.spend, toldSteps });
  limits.batches.load(start.batches, clock.nowMs());
  const seen = createSeen(dayOf);
  const parents = createParents(start.parents, ledger.keepParent);
  limits.replay(start.turns.map(pastTurn));
  for (const { conversation, ...warning } of start.warnings) seen.warned(conversation, [warning]);
  start.budgetWarnings.forEach(seen.budgetWarned);
  const { onNotice } = options;
  const steps = createBudgetSteps({ limits, seen, clock, keep: ledger.keepBudgetWarnings, onNotice, onFailure });
  const index = createConversationIndex(hashText);
  const told = { onRefused, onWarnings, onBudgetWarnings: steps.tell, onParent: parents.note, onFailure };
  const guard = createGuard({ limits, index, switches: () => settings, ...told });
  const cutShort = createCutShort({ limits, book, nowMs: clock.nowMs, onFailure });
  const spend = createSpendAgain({ clock, dayOf, read: ledger.budgetSums, onRead, onFailure });
  const isFresh = createNoticePace(clock);
  const memoryKeeper = startKeepingMemory(clock, () => {
    // What is reserved for a batch ends by the hour as well.
    if (limits.batches.isHoldingAny()) spend.soon();
    return ledger.keepMemory(JSON.stringify(limits.memory(clock.nowMs())));
  });
  // What reached a step while no engine ran.
  steps.tellUntold();

  function onFailure(sentence: string): void {
    seen.failed(sentence);
    if (isFresh(sentence)) options.onNotice(sentence);
  }

  function onRefused(call: BegunCall, refusal: Refusal): Promise<void> | undefined {
    const endedAtMs = Math.max(call.startedAtMs, clock.nowMs());
    const { cause, status: httpStatus, sentence, errorType, wouldCostNanoUsd } = refusal;
    const { id, startedAtMs, member, project, conversation, requestedModel: model } = call;
    seen.refused({ id, atMs: endedAtMs, cause, member, project, conversation, model, sentence, wouldCostNanoUsd });
    // A client that asks again and again is refused each time, and told of once.
    if (isFresh(`${cause} ${conversation} ${member}`)) options.onNotice(sentence);
    const responseBytes = Buffer.byteLength(refusal.body);
    const end = { startedAtMs, endedAtMs, httpStatus, responseBytes, errorType, sentence, wouldCostNanoUsd };
    return options.recordRefused(call, { id, ...settleRefused(end, book()) });
  }

  function onWarnings({ conversation }: BegunCall, warnings: readonly Warning[]): void {
    if (conversation === null) return;
    const stamped = warnings.map((warning) => ({ ...warning, atMs: clock.nowMs() }));
    seen.warned(conversation, stamped);
    for (const { sentence, remedy } of stamped) options.onNotice(`${sentence} ${remedy}`);
    ledger
      .keepWarnings(stamped.map((warning) => ({ ...warning, conversation })))
      .catch(() => onFailure('A warning could not be kept, since the ledger refuses; it is on the screen.'));
  }

  function onRead(sums: BudgetSums): void {
    limits.reload(sums.spend);
    limits.batches.load(sums.batches, clock.nowMs());
    steps.tellUntold();
  }

  async function letOnNow(conversation: string): Promise<LetOnAnswer> {
    await memoryKeeper.now();
    return { conversation, letOn: limits.letOn.of(conversation, clock.nowMs()) };
  }

  return {
    callbacks: {
      onAsk: guard.ask,
      onAskBatch: guard.askBatch,
      cutShort: () => (settings.cutsMidStream ? cutShort : null),
    },
    useSettings: (next) => {
      settings = next;
      limits.setRules(limitRulesOf(next));
      // A budget that is new may be past a step already.
      steps.tellUntold();
    },
    finish: (call, end, outcome) => {
      spend.ended(call, outcome.costNanoUsd ?? 0);
      guard.finish(call, end, outcome);
    },
    committed: (callId, isUnusual) => {
      spend.committed(callId);
      if (isUnusual) spend.soon();
    },
    batchHolds: { ...limits.batches, changed: spend.soon },
    ledgerChanged: spend.soon,
    conversation: (id, project, nowMs) => conversationSeen({ limits, seen, parents }, id, project, nowMs),
    summary: (nowMs) => limitsSummary({ limits, seen }, nowMs),
    view: () => limitsView(limits, settings, { nowMs: clock.nowMs(), dayOf, timeZone }),
    allow: (conversation, forMs) => {
      limits.letOn.allow(conversation, forMs === null ? null : clock.nowMs() + forMs);
      return letOnNow(conversation);
    },
    revoke: (conversation) => {
      limits.letOn.revoke(conversation);
      return letOnNow(conversation);
    },
    close: () => {
      spend.close();
      return memoryKeeper.close();
    },
  };
}
