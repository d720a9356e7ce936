/**
 * The `anthropic-ratelimit-*` headers: what is left of a key's minute. They inform and never refuse; a 429 is a fault one asks for.
 * Input counts what is not read from the cache, as Anthropic's limits do (facts/anthropic.md section 3).
 */
import type { CacheUse } from './anthropic-cache.ts';
import type { Headers } from './http.ts';

const minuteMs = 60_000;
const limits = { requests: 4_000, 'input-tokens': 2_000_000, 'output-tokens': 400_000, tokens: 2_400_000 } as const;
/** Keys remembered within a minute. */
const keysMax = 1_000;

type Used = { requests: number; 'input-tokens': number; 'output-tokens': number; tokens: number };

export type RateHeaders = {
  readonly add: (key: string, use: CacheUse, outputTokens: number, nowMs: number) => Headers;
};

export function createRateHeaders(): RateHeaders {
  const usedByKey = new Map<string, Used>();
  let minute = 0;
  return {
    add: (key, use, outputTokens, nowMs) => {
      const current = Math.floor(nowMs / minuteMs);
      if (current !== minute || usedByKey.size >= keysMax) usedByKey.clear();
      minute = current;
      const used = usedByKey.get(key) ?? { requests: 0, 'input-tokens': 0, 'output-tokens': 0, tokens: 0 };
      const inputTokens = use.inputTokens + use.write5mTokens + use.write1hTokens;
      used.requests += 1;
      used['input-tokens'] += inputTokens;
      used['output-tokens'] += outputTokens;
      used.tokens += inputTokens + outputTokens;
      usedByKey.set(key, used);
      return headersOf(used, new Date((current + 1) * minuteMs).toISOString().replace('.000Z', 'Z'));
    },
  };
}

function headersOf(used: Used, reset: string): Headers {
  const kinds = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;
  return Object.fromEntries(
    kinds.flatMap((kind) => [
      [`anthropic-ratelimit-${kind}-limit`, String(limits[kind])],
      [`anthropic-ratelimit-${kind}-remaining`, String(Math.max(0, limits[kind] - used[kind]))],
      [`anthropic-ratelimit-${kind}-reset`, reset],
    ]),
  );
}
