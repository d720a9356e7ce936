/**
 * Warnings of a conversation: each once for a conversation and cause, with the number and a remedy. Pure: what was told before is in the state.
 *
 * - `context_50`, `context_75`, `context_90`: percent of the context limit. A turn that passes several is told of the highest alone.
 * - `turn_cost_doubled`: a turn cost at least twice the median of the turns before it, and at least five cents.
 * - `cache_miss_…`: most of what the turn before had left in the cache was not read. Why, in this order: the model changed, the tools, the system prompt
 *   or the history; else the time since the last use says that it expired; else nothing seen here explains it.
 * - `spend_pace`: at the pace of the last turns the conversation reaches an amount within half an hour.
 */
import type { WarningCause } from '../../shared/contract/limits-view.ts';
import { formatUsd } from '../../shared/money.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { tokensInWords } from '../../shared/plain-words.ts';
import { promptTokens } from '../../shared/usage.ts';
import { cachedTokensAt, nextState, type ConversationState, type Turn } from './conversation-state.ts';
import { expectCost } from './expected-cost.ts';

export type Warning = {
  readonly cause: WarningCause;
  readonly sentence: string;
  readonly remedy: string;
  readonly number: { readonly value: number; readonly unit: 'tokens' | 'nano_usd' | 'minutes' };
};

export type WarningRules = {
  readonly limitTokens: number | null;
  /** The amount of which the pace is told; null for none. The call ceiling serves. */
  readonly paceNanoUsd: number | null;
  readonly book: PriceBook;
};

export type Warned = { readonly state: ConversationState; readonly warnings: readonly Warning[] };

/** After a turn has ended: the next state, and what it gives cause to say. */
export function warningsOf(before: ConversationState, turn: Turn, rules: WarningRules): Warned {
  const after = nextState(before, turn);
  if (after === before) return { state: before, warnings: [] };
  const found = [
    contextWarning(after.contextTokens, rules.limitTokens),
    costJump(before, turn),
    cacheMiss(before, turn, rules.book),
    spendPace(after, rules.paceNanoUsd),
  ];
  return tell(after, found);
}

/** Before a turn is sent, from the estimate: what may stand in the header of its own answer. */
export function warningsBefore(
  state: ConversationState,
  promptTokensExpected: number,
  limitTokens: number | null,
): Warned {
  return tell(state, [contextWarning(promptTokensExpected, limitTokens)]);
}

/** A higher step of the context tells the lower ones too: nobody needs 50 % after 90 %. */
function tell(state: ConversationState, found: readonly (Warning | null)[]): Warned {
  const warnings = found.filter((warning) => warning !== null).filter(({ cause }) => !state.told.includes(cause));
  if (warnings.length === 0) return { state, warnings };
  const causes = warnings.flatMap(
    ({ cause }) => contextSteps.find((step) => step.cause === cause)?.includes ?? [cause],
  );
  return { state: { ...state, told: [...new Set([...state.told, ...causes])] }, warnings };
}

const contextSteps = [
  { percent: 90, cause: 'context_90', includes: ['context_90', 'context_75', 'context_50'] },
  { percent: 75, cause: 'context_75', includes: ['context_75', 'context_50'] },
  { percent: 50, cause: 'context_50', includes: ['context_50'] },
] as const;

function contextWarning(tokens: number, limitTokens: number | null): Warning | null {
  if (limitTokens === null) return null;
  const step = contextSteps.find(({ percent }) => tokens * 100 >= limitTokens * percent);
  if (!step) return null;
  const share = Math.floor((tokens * 100) / limitTokens);
  return {
    cause: step.cause,
    sentence: `This conversation holds ${grouped(tokens)} tokens (${tokensInWords(tokens)}), ${share} % of its limit of ${grouped(limitTokens)}.`,
    remedy: 'Compact it, or begin a new one with what matters: every turn sends all of it again.',
    number: { value: tokens, unit: 'tokens' },
  };
}

const jumpNanoUsdMin = 50_000_000;

function costJump(before: ConversationState, { costNanoUsd }: Turn): Warning | null {
  const costs = before.recent.flatMap((turn) => (turn.costNanoUsd === null ? [] : [turn.costNanoUsd]));
  const usual = costs.toSorted((a, b) => a - b)[Math.floor((costs.length - 1) / 2)];
  if (usual === undefined || costNanoUsd === null || costNanoUsd < jumpNanoUsdMin || costNanoUsd < usual * 2)
    return null;
  return {
    cause: 'turn_cost_doubled',
    sentence: `A turn of this conversation cost ${formatUsd(costNanoUsd)}; until now one cost ${formatUsd(usual, 3)}.`,
    remedy: 'Look at what this turn sent: a large result of a tool stays in the context and is paid for at every turn.',
    number: { value: costNanoUsd, unit: 'nano_usd' },
  };
}

/** "91,204": a number in a sentence for people. */
function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** Less in the cache is not worth a word; Anthropic caches no prefix below 512 to 4,096 tokens. */
const missedTokensMin = 2_048;

const missReasons = {
  cache_miss_model: ['the model changed', 'A cache belongs to one model: change it at the start of a conversation.'],
  cache_miss_tools: [
    'the tools changed',
    'Tools stand before everything else in the prompt: keep their list and order.',
  ],
  cache_miss_prefix: [
    'the system prompt or the history changed',
    'Keep what stands at the beginning of the prompt as it is, and add at its end.',
  ],
  cache_miss_expired: ['the cache expired', 'Answer sooner, or ask for the cache of 1 hour where pauses are usual.'],
  cache_miss_unknown: [
    'for no reason seen here',
    'Anthropic may have dropped it; if it happens again, look at what changes.',
  ],
} as const satisfies Partial<Record<WarningCause, readonly [string, string]>>;

function cacheMiss(before: ConversationState, turn: Turn, book: PriceBook): Warning | null {
  const left = before.cache.oneHourTokens + before.cache.fiveMinuteTokens;
  const missed = Math.min(left, promptTokens(turn.counts)) - turn.counts.cacheReadTokens;
  if (missed < missedTokensMin || missed * 2 < left) return null;
  const cause = missCause(before, turn, left);
  const [why, remedy] = missReasons[cause];
  const extra = extraCost(turn, missed, book);
  const cost = extra === null ? '' : `, which cost ${formatUsd(extra, 3)} more`;
  return {
    cause,
    sentence:
      `${grouped(missed)} tokens of this conversation were not read from the cache, because ${why}${cost}.`.replace(
        'because for',
        'for',
      ),
    remedy,
    number: extra === null ? { value: missed, unit: 'tokens' } : { value: extra, unit: 'nano_usd' },
  };
}

function missCause(before: ConversationState, turn: Turn, left: number): keyof typeof missReasons {
  if (before.recent.at(-1)?.model !== turn.model) return 'cache_miss_model';
  if (turn.changed.tools) return 'cache_miss_tools';
  if (turn.changed.system || turn.changed.history) return 'cache_miss_prefix';
  return cachedTokensAt(before.cache, turn.startedAtMs) < left ? 'cache_miss_expired' : 'cache_miss_unknown';
}

/** The same call as it was, and as it would have been with those tokens read. */
function extraCost({ model, counts, startedAtMs }: Turn, missed: number, book: PriceBook): number | null {
  const lifetime = counts.cacheWrite5mTokens > 0 ? '5m' : counts.cacheWrite1hTokens > 0 ? '1h' : null;
  const call = {
    model,
    promptTokens: promptTokens(counts),
    outputTokens: 0,
    cacheLifetime: lifetime,
    atMs: startedAtMs,
  } as const;
  const actual = expectCost({ ...call, cachedTokens: counts.cacheReadTokens }, book).nanoUsd;
  const read = expectCost({ ...call, cachedTokens: counts.cacheReadTokens + missed }, book).nanoUsd;
  return actual === null || read === null ? null : actual - read;
}

const paceWindowTurnsMin = 3;
const paceMinutesMax = 30;

/** Over the turns that are kept: what they cost after the first of them, in the time since it. */
function spendPace({ recent, costNanoUsd }: ConversationState, paceNanoUsd: number | null): Warning | null {
  const first = recent[0];
  const last = recent.at(-1);
  if (paceNanoUsd === null || !first || !last || recent.length < paceWindowTurnsMin || costNanoUsd >= paceNanoUsd)
    return null;
  const spent = recent.slice(1).reduce((sum, turn) => sum + (turn.costNanoUsd ?? 0), 0);
  const minutes = (last.atMs - first.atMs) / 60_000;
  if (spent <= 0 || minutes <= 0 || costNanoUsd * 10 < paceNanoUsd) return null;
  const left = Math.ceil(((paceNanoUsd - costNanoUsd) / spent) * minutes);
  if (left > paceMinutesMax) return null;
  return {
    cause: 'spend_pace',
    sentence: `At this pace this conversation reaches ${formatUsd(paceNanoUsd)} in ${left} ${left === 1 ? 'minute' : 'minutes'}; it has cost ${formatUsd(costNanoUsd)}.`,
    remedy: 'Compact it, use a smaller model for what is left, or stop what runs by itself.',
    number: { value: left, unit: 'minutes' },
  };
}

/** The value of `x-tollkeeper-warning`: one line of ASCII, the way headers must be; null when there is nothing to say. */
export function warningHeader(warnings: readonly Warning[]): string | null {
  if (warnings.length === 0) return null;
  const text = warnings.map(({ sentence }) => sentence).join(' ');
  return text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, headerLengthMax);
}
const headerLengthMax = 500;
