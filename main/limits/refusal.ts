/**
 * The answers to a call that is stopped, in Anthropic's error shape, so that its SDKs and Claude Code show them and do what helps. Pure.
 *
 * - Context limit: 400 `invalid_request_error` that begins with Anthropic's own words, `prompt is too long: N tokens > LIMIT maximum`, on which Claude
 *   Code compacts. What follows says what it would have cost and how to go on.
 * - Call ceiling: likewise, where the prompt is what costs; where the answer does, in plain words, since a shorter prompt would not help.
 * - Budget: 429 `billing_error` with `x-should-retry: false` and `retry-after` to the reset, in the manner of Anthropic's own gateway (facts section 7).
 * Names of members and projects stand in the answer; nothing of the prompt does.
 */
import { letOnCommand, type BudgetPeriod } from '../../shared/contract/limits.ts';
import type { RefusalCause } from '../../shared/contract/limits-view.ts';
import { formatCallUsd, formatUsd } from '../../shared/money.ts';
import { resetDayOf, secondsToReset } from './budget-period.ts';
import type { BudgetRefusal } from './budgets.ts';
import type { ExpectedCost } from './expected-cost.ts';

export type Refusal = {
  readonly kind: 'refused';
  readonly cause: RefusalCause;
  readonly status: number;
  /** Beside `content-type: application/json`; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly errorType: string;
  /** The message of the body: one line for people. */
  readonly sentence: string;
  /** Null when the model is unpriced. */
  readonly wouldCostNanoUsd: number | null;
};

/** A retry would be answered the same, so every client is told not to. */
const noRetry = { 'x-should-retry': 'false' } as const;

function refusal(
  cause: RefusalCause,
  status: number,
  errorType: string,
  sentence: string,
  wouldCostNanoUsd: number | null,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const body = JSON.stringify({ type: 'error', error: { type: errorType, message: sentence } });
  return {
    kind: 'refused',
    cause,
    status,
    headers: { ...noRetry, ...headers },
    body,
    errorType,
    sentence,
    wouldCostNanoUsd,
  };
}

export function refuseContext(
  tokens: number,
  limitTokens: number,
  expected: ExpectedCost,
  conversation: string | null,
): Refusal {
  const sentence = `prompt is too long: ${tokens} tokens > ${limitTokens} maximum. ${stopped(expected)} To go on, compact the conversation or begin a new one${letOn(conversation)}.`;
  return refusal('context_limit', 400, 'invalid_request_error', sentence, expected.nanoUsd);
}

export function refuseCeiling(
  tokens: number,
  ceilingNanoUsd: number,
  expected: ExpectedCost,
  conversation: string | null,
): Refusal {
  const cost = expected.nanoUsd ?? 0;
  const ceiling = formatUsd(ceilingNanoUsd);
  if (expected.promptNanoUsd() * 2 >= cost) {
    // What the ceiling pays for, if everything becomes shorter in the same measure.
    const paidTokens = Math.floor((tokens * ceilingNanoUsd) / cost);
    const sentence = `prompt is too long: ${tokens} tokens > ${paidTokens} maximum, which is what the call ceiling of ${ceiling} pays for. ${stopped(expected)} To go on, compact the conversation, use a smaller model or raise the ceiling${letOn(conversation)}.`;
    return refusal('call_ceiling', 400, 'invalid_request_error', sentence, expected.nanoUsd);
  }
  const sentence = `This call is expected to cost ${formatUsd(cost)}, more than the call ceiling of ${ceiling}, most of it for its answer. Tollkeeper stopped it before it was sent. To go on, ask for less at once, use a smaller model or raise the ceiling${letOn(conversation)}.`;
  return refusal('call_ceiling', 400, 'invalid_request_error', sentence, expected.nanoUsd);
}

export type BudgetMoment = { readonly day: string; readonly timeZone: string; readonly nowMs: number };

/** How soon it is worth asking again when the room is only held by what is on its way. */
const heldSeconds = 60;

export function refuseBudget(
  { account, sums, isHeld }: BudgetRefusal,
  expected: ExpectedCost,
  conversation: string | null,
  { day, timeZone, nowMs }: BudgetMoment,
): Refusal {
  const { of, per } = account.budget;
  const whose = of === 'team' ? 'the team' : `the ${of} ${account.whose ?? ''}`;
  const limit = formatUsd(account.limitNanoUsd);
  const reset = `resets ${resetDayOf(per, day)} 00:00 ${timeZone}`;
  const spent = formatUsd(sums.spentNanoUsd);
  const ofIt = `Of the budget of ${limit} of ${whose}, ${spent} is spent`;
  const isSpent = sums.spentNanoUsd >= account.limitNanoUsd;
  const room = isHeld
    ? `${ofIt} and ${formatUsd(sums.reservedNanoUsd)} is spoken for by calls and batches on their way; when they have ended there may be room.`
    : isSpent
      ? `The budget of ${limit} of ${whose} is spent: ${spent}.`
      : `${ofIt}, and what is left does not pay for this call.`;
  const sentence = `spend limit reached (${periodWord[per]}; ${reset}). ${room} ${stopped(expected)} To go on, raise the budget${letOn(conversation)}.`;
  const seconds = isHeld ? heldSeconds : secondsToReset(per, day, timeZone, nowMs);
  return refusal('budget', 429, 'billing_error', sentence, expected.nanoUsd, { 'retry-after': String(seconds) });
}

const periodWord: Readonly<Record<BudgetPeriod, string>> = { day: 'daily', month: 'monthly' };

function stopped({ nanoUsd }: ExpectedCost): string {
  const cost =
    nanoUsd === null ? 'what it would have cost is not known' : `it would have cost about ${formatCallUsd(nanoUsd)}`;
  return `Tollkeeper stopped this call before it was sent; ${cost}.`;
}

function letOn(conversation: string | null): string {
  return conversation === null ? '' : `, or let this one on for an hour: ${letOnCommand(conversation)}`;
}
