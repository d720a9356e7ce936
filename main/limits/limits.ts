/**
 * The limits as one part: what the engine asks before a call and tells after it. Connects the pure pieces of this folder and holds their state in
 * memory, all of it bounded; it reads no clock, no disk and no network.
 *
 * A call passes once: `before` (estimate, expectation, decision, reservation), then exactly one of `after` (answered, with what it cost) and `release`
 * (refused by nobody, but never answered: failed, cut before any usage, gone). Neither throws: if the limits' own code fails the call passes, and the
 * failure is in the answer, to be shown.
 */
import type { Attribution } from '../../shared/call.ts';
import { ownLimitsOf, type LimitRules } from '../../shared/contract/limits.ts';
import type { DaySpend } from '../../shared/contract/limits-start.ts';
import { createDayOf } from '../../shared/period.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { isNearLimit, type PromptEstimate } from '../../shared/prompt-estimate.ts';
import type { PromptMeasure } from '../../shared/prompt-measure.ts';
import { decideBatch, type BatchBefore } from './batch-decision.ts';
import { createBatchReservations, type BatchReservations } from './batch-reservations.ts';
import { createBudgets, type Budgets, type BudgetWarning, type ToldStep } from './budgets.ts';
import type { Turn } from './conversation-state.ts';
import { createConversationStates } from './conversation-states.ts';
import { decide, type Allowed, type Decision } from './decide.ts';
import { economicsOf, type Economics } from './economics.ts';
import { createExpectation, type ExpectationMemory, type ExpectedRequest } from './expectation.ts';
import type { ExpectedCost } from './expected-cost.ts';
import { createLetOn, type LetOn, type LetOnState } from './let-on.ts';
import { warningsBefore, warningsOf, type Warning } from './warnings.ts';

/** What is kept between starts. Plain data. */
export type LimitsMemory = ExpectationMemory & { readonly letOn: LetOnState };

export type LimitsOptions = {
  readonly rules: LimitRules;
  readonly timeZone: string;
  /** Asked at each use, since a book can be put in force while the engine runs. */
  readonly book: () => PriceBook;
  readonly memory: Partial<LimitsMemory>;
  /** The ledger's sums of this month and of yesterday, from its rollups. */
  readonly spend: readonly DaySpend[];
  /** Steps of budgets that were told before the start. */
  readonly toldSteps?: readonly ToldStep[];
};

export type CallBefore = Attribution &
  ExpectedRequest & {
    readonly callId: string;
    /** What `count_tokens` answered, where it was asked. */
    readonly countedTokens: number | null;
  };

export type Before = {
  readonly decision: Decision;
  readonly estimate: PromptEstimate | null;
  readonly expected: ExpectedCost | null;
  /** For the header of the answer to this call. */
  readonly warnings: readonly Warning[];
};

export type CallAfter = Attribution & {
  readonly callId: string;
  readonly startedAtMs: number;
  readonly costNanoUsd: number | null;
  /** Null where no turn of a conversation was reported (failed, batch, import): then only the money counts. */
  readonly turn: Turn | null;
  /** What was measured before it, so that the model's calibration learns from it. */
  readonly measure: PromptMeasure | null;
};

export type PastTurn = { readonly conversation: string; readonly project: string | null; readonly turn: Turn };

export type After = {
  readonly warnings: readonly Warning[];
  readonly budgetWarnings: readonly BudgetWarning[];
  readonly failure: string | null;
};

export type Limits = {
  /** True when `count_tokens` is worth asking before `before`: the estimate is within a tenth of the context limit. */
  readonly isWorthCounting: (call: Omit<CallBefore, 'countedTokens'>) => boolean;
  readonly before: (call: CallBefore) => Before;
  /** A batch before it is submitted; where it may go, exactly one of `batches.submitted` follows. */
  readonly beforeBatch: (batch: BatchBefore) => Decision;
  readonly batches: Omit<BatchReservations, 'asked' | 'again'>;
  readonly after: (call: CallAfter) => After;
  /** Ends the reservation of a call that costs nothing. Harmless when repeated, or when there is none. */
  readonly release: (callId: string) => void;
  /** Turns of before the start, the oldest first: conversations go on from there, and what was told is not told again. No money is counted. */
  readonly replay: (past: readonly PastTurn[]) => void;
  /** Null for a conversation without a turn. */
  readonly economics: (conversation: string, project: string | null, nowMs: number) => Economics | null;
  readonly letOn: LetOn;
  readonly setRules: (rules: LimitRules) => void;
  /** After an import or a correction the ledger's sums are read again. */
  readonly reload: (spend: readonly DaySpend[]) => void;
  /** Steps that budgets have reached other than by `after`, each once: to be asked at the start, and after `reload` and `setRules`. */
  readonly untoldSteps: (nowMs: number) => readonly BudgetWarning[];
  readonly memory: (nowMs: number) => LimitsMemory;
  /** Of one budget: what is spent of it, and what is spoken for. */
  readonly sums: Budgets['sums'];
  readonly budgetAccounts: Budgets['accounts'];
  readonly rules: () => LimitRules;
};

export function createLimits(options: LimitsOptions): Limits {
  const { timeZone, book, memory } = options;
  const dayOf = createDayOf(timeZone);
  const budgets = createBudgets(options.rules.budgets, options.toldSteps);
  const batches = createBatchReservations(budgets, dayOf);
  const letOn = createLetOn(memory.letOn);
  const expectation = createExpectation(book, memory);
  const states = createConversationStates();
  let rules = options.rules;
  budgets.load(options.spend);

  function before(call: CallBefore): Before {
    const { conversation, nowMs } = call;
    const state = states.of(conversation);
    const estimate = expectation.estimate(call.measure, state);
    const tokens = call.countedTokens ?? estimate.tokens;
    const expected = expectation.cost(call, tokens, state);
    const moment = { nowMs, day: dayOf(nowMs), timeZone, isLetOn: letOn.isLetOn(conversation, nowMs) };
    const decision = decide({ ...call, ...moment, promptTokens: tokens, expected }, rules, budgets);
    if (decision.kind === 'refused') return { decision, estimate, expected, warnings: [] };
    const told = warningsBefore(state, tokens, ownLimitsOf(rules, call.project).contextLimitTokens);
    states.keep(conversation, told.state);
    return { decision, estimate, expected, warnings: told.warnings };
  }

  function advance({ conversation, project, turn }: PastTurn): readonly Warning[] {
    const own = ownLimitsOf(rules, project);
    const given = { limitTokens: own.contextLimitTokens, paceNanoUsd: own.callCeilingNanoUsd, book: book() };
    const { state, warnings } = warningsOf(states.of(conversation), turn, given);
    states.keep(conversation, state);
    return warnings;
  }

  function after(call: CallAfter): Omit<After, 'failure'> {
    const settled = { ...call, id: call.callId, day: dayOf(call.startedAtMs) };
    const budgetWarnings = budgets.settle(settled, call.costNanoUsd ?? 0);
    if (call.turn === null) return { warnings: [], budgetWarnings };
    expectation.learn(call.turn, call.measure);
    if (call.conversation === null) return { warnings: [], budgetWarnings };
    const warnings = advance({ conversation: call.conversation, project: call.project, turn: call.turn });
    return { warnings, budgetWarnings };
  }

  function isWorthCounting({ measure, conversation, project }: Omit<CallBefore, 'countedTokens'>): boolean {
    const limitTokens = ownLimitsOf(rules, project).contextLimitTokens;
    if (limitTokens === null || measure === null) return false;
    const { tokens, restsOn } = expectation.estimate(measure, states.of(conversation));
    // The count is of the body, which of a thread holds what is new alone, and nothing of what a tool of Anthropic's will find.
    const isHidden = measure.isThread || (measure.serverTools > 0 && restsOn === 'last_turn');
    return !isHidden && isNearLimit(tokens, limitTokens);
  }

  function economics(conversation: string, project: string | null, nowMs: number): Economics | null {
    const state = states.of(conversation);
    if (state.turns === 0) return null;
    const limitTokens = ownLimitsOf(rules, project).contextLimitTokens;
    return economicsOf(state, { model: state.recent.at(-1)?.model ?? null, limitTokens, nowMs }, book());
  }

  return {
    letOn,
    batches,
    economics,
    sums: budgets.sums,
    budgetAccounts: budgets.accounts,
    rules: () => rules,
    release: budgets.release,
    replay: (past) => past.forEach(advance),
    isWorthCounting: (call) =>
      orElse(
        () => isWorthCounting(call),
        () => false,
      ),
    before: (call) =>
      orElse(
        () => before(call),
        (failure) => ({ decision: passed(failure), estimate: null, expected: null, warnings: [] }),
      ),
    beforeBatch: (batch) =>
      orElse<Decision>(
        () => decideBatch(batch, { expectation, rules, budgets, reservations: batches, dayOf, timeZone }),
        (failure) => {
          budgets.release(batch.callId);
          return passed(failure);
        },
      ),
    after: (call) =>
      orElse<After>(
        () => ({ ...after(call), failure: null }),
        (failure) => {
          budgets.release(call.callId);
          return { warnings: [], budgetWarnings: [], failure };
        },
      ),
    setRules: (next) => {
      rules = next;
      budgets.setBudgets(next.budgets);
      batches.again();
    },
    reload: budgets.load,
    untoldSteps: (nowMs) => budgets.untold(dayOf(nowMs)),
    memory: (nowMs) => ({ ...expectation.snapshot(), letOn: letOn.snapshot(nowMs) }),
  };
}

/** The one place where a fault of the limits is caught: it must not stop a call, and it must be seen. */
function orElse<Result>(work: () => Result, otherwise: (failure: string) => Result): Result {
  try {
    return work();
  } catch (error) {
    return otherwise(
      `The limits failed and the call was let through: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function passed(failure: string): Allowed {
  return { kind: 'allowed', reservedNanoUsd: 0, isLetOn: false, failure };
}
