/**
 * The context gauge's geometry: how full, which part of it was read from the cache, where it asks to be looked at. Pure.
 * Drawn against the limit; where none is set against the model's own window; where that is not known either, a full bar that claims nothing.
 */
import type { Conversation } from '../../../shared/contract/events.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import type { Tone } from '../../components/tag.tsx';

export type GaugedContext = Pick<
  Conversation,
  'cacheReadTokens' | 'cacheWriteTokens' | 'inputTokens' | 'limitTokens' | 'windowTokens'
>;

export type GaugeShares = {
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly input: number;
  /** Whole percent, cut off as the warnings do; null where there is nothing to measure against. */
  readonly total: number | null;
  readonly against: 'limit' | 'window' | null;
  /** What `full` stands for. */
  readonly scaleTokens: number;
  /** Where on the bar the limit, or the window, lies: at its end unless the context is beyond it. */
  readonly full: number;
};

/** Percent of the scale; the parts are scaled down together when the context is beyond it, so that the bar never overflows. */
export function gaugeShares(context: GaugedContext): GaugeShares {
  const { cacheReadTokens, cacheWriteTokens, inputTokens, limitTokens, windowTokens } = context;
  const sum = cacheReadTokens + cacheWriteTokens + inputTokens;
  const fullTokens = limitTokens ?? windowTokens;
  const scaleTokens = fullTokens ?? sum;
  const scale = 100 / Math.max(scaleTokens, sum, 1);
  return {
    cacheRead: cacheReadTokens * scale,
    cacheWrite: cacheWriteTokens * scale,
    input: inputTokens * scale,
    total: fullTokens === null ? null : percentOf(sum, fullTokens),
    against: fullTokens === null ? null : limitTokens === null ? 'window' : 'limit',
    scaleTokens,
    full: scaleTokens * scale,
  };
}

/** "9 %", "under 1 %": a share that is there is never none. */
export function percentInWords(part: number, whole: number): string {
  const percent = percentOf(part, whole);
  return percent === 0 && part > 0 ? 'under 1 %' : `${percent} %`;
}

function percentOf(part: number, whole: number): number {
  return Math.floor((part / Math.max(whole, 1)) * 100);
}

/** The steps at which a conversation is warned, in percent of its limit; each has a line on the gauge. */
export const gaugeSteps = [50, 75, 90] as const;

/** Looked at from the first step on. Red is for what is stopped, and a gauge alone stops nothing. */
export function gaugeTone({ total, against }: Pick<GaugeShares, 'total' | 'against'>): Tone {
  return against === 'limit' && total !== null && total >= gaugeSteps[0] ? 'look' : 'plain';
}

/** From three quarters on the whole card asks to be looked at, not its tag alone. */
export function isNearlyFull({ total, against }: Pick<GaugeShares, 'total' | 'against'>): boolean {
  return against === 'limit' && total !== null && total >= gaugeSteps[1];
}

/** "91 % of limit", "9 % of window", "under 1 % of limit", "no limit". */
export function shareInWords({ total, against }: Pick<GaugeShares, 'total' | 'against'>): string {
  if (total === null || against === null) return 'no limit';
  return total === 0 ? `under 1 % of ${against}` : `${total} % of ${against}`;
}

/** What a screen reader says in place of the picture. */
export function gaugeInWords(context: GaugedContext): string {
  const { total, against, scaleTokens } = gaugeShares(context);
  const { cacheReadTokens, cacheWriteTokens, inputTokens } = context;
  const sum = cacheReadTokens + cacheWriteTokens + inputTokens;
  const share =
    total === null
      ? ''
      : `, ${total} % of the ${against === 'limit' ? 'limit' : 'model’s window'} of ${grouped(scaleTokens)}`;
  return `${grouped(sum)} tokens, ${tokensInWords(sum)}${share}; ${grouped(cacheReadTokens)} read from the cache, ${grouped(cacheWriteTokens)} written to it, ${grouped(inputTokens)} neither`;
}

/** "50K", "1M": a number under the gauge. */
export function shortTokens(tokens: number): string {
  if (tokens >= 1_000_000) return `${trimmed(tokens / 1_000_000)}M`;
  return tokens >= 1_000 ? `${trimmed(tokens / 1_000)}K` : String(Math.round(tokens));
}

function trimmed(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
}

export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
