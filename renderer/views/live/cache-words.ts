/**
 * The cache of a conversation in words: how long it lives, what the next turn costs now and after, and when that is worth a sentence. Pure; the time is
 * the engine's, as of the picture.
 */
import type { Conversation } from '../../../shared/contract/events.ts';
import { formatExpectedUsd, nanoUsdPerCent } from '../../../shared/money.ts';

export type CachedConversation = Pick<Conversation, 'cache' | 'nextTurn'>;

/** "1:12", "0:09", "1:00:00"; never below zero. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const end = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${end}` : `${minutes}:${end}`;
}

const timesWorthSaying = 1.1;

/** "3.6 times as much"; null where it is about the same, or one of the two is not known. */
export function timesAsMuch(nowNanoUsd: number | null, laterNanoUsd: number | null): string | null {
  if (nowNanoUsd === null || laterNanoUsd === null || nowNanoUsd <= 0) return null;
  const times = laterNanoUsd / nowNanoUsd;
  if (times < timesWorthSaying) return null;
  return `${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString('en-US')} times as much`;
}

export type CacheStanding =
  | { readonly kind: 'unused' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'warm'; readonly leftMs: number };

export function cacheStanding({ cache }: Pick<Conversation, 'cache'>, nowMs: number): CacheStanding {
  if (cache.expiresAtMs !== null && cache.expiresAtMs > nowMs)
    return { kind: 'warm', leftMs: cache.expiresAtMs - nowMs };
  return { kind: cache.lifetime === null && (cache.readShare ?? 0) === 0 ? 'unused' : 'gone' };
}

/** The last two minutes are time to act; before, the row of the card is enough. */
const noticeMs = 120_000;
const noticeTimesMin = 1.5;

/** The sentence of a cache that is about to expire, where letting it costs something; null else. */
export function cacheNotice(conversation: CachedConversation, nowMs: number): string | null {
  const standing = cacheStanding(conversation, nowMs);
  const { costNanoUsd: now, costAfterExpiryNanoUsd: later } = conversation.nextTurn;
  if (standing.kind !== 'warm' || standing.leftMs > noticeMs || now === null || later === null) return null;
  if (later - now < nanoUsdPerCent || later < now * noticeTimesMin) return null;
  const times = timesAsMuch(now, later);
  if (times === null) return null;
  return `Its cache expires in ${countdown(standing.leftMs)}; the next turn then costs ${times}, about ${formatExpectedUsd(later)} instead of ${formatExpectedUsd(now)}. Send it now, or begin a new one with a summary.`;
}
