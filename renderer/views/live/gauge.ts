/** The context gauge's geometry: how full, which part of it was read from the cache, and when it asks to be looked at. Pure. */
import type { Conversation } from '../../../shared/contract/events.ts';
import type { Tone } from '../../components/tag.tsx';

export type GaugeShares = {
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly input: number;
  readonly total: number;
};

/** Percent of the limit; the parts are scaled down together when the context is beyond it, so that the bar never overflows. */
export function gaugeShares({
  cacheReadTokens,
  cacheWriteTokens,
  inputTokens,
  limitTokens: limit,
  windowTokens,
}: Conversation): GaugeShares {
  const sum = cacheReadTokens + cacheWriteTokens + inputTokens;
  // Without a limit of ours the model's own window is what ends it.
  const limitTokens = limit ?? windowTokens ?? sum;
  const scale = 100 / Math.max(limitTokens, sum, 1);
  return {
    cacheRead: cacheReadTokens * scale,
    cacheWrite: cacheWriteTokens * scale,
    input: inputTokens * scale,
    total: Math.round((sum / Math.max(limitTokens, 1)) * 100),
  };
}

export function gaugeTone(total: number): Tone {
  if (total >= 90) return 'stopped';
  return total >= 75 ? 'look' : 'plain';
}
