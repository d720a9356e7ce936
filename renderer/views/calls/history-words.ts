/** The history of a call in words: who told of it, and which of its two counts differ. Pure. */
import type { CallSource } from '../../../shared/call.ts';
import type { TokenCounts } from '../../../shared/usage.ts';

const sources: Readonly<Record<CallSource, string>> = {
  proxy: 'the proxy',
  batch: 'the results of its batch',
  claude_code: 'a Claude Code transcript',
  import: 'a teammate’s export',
};

export function sourceInWords(source: CallSource): string {
  return sources[source];
}

const names: Readonly<Record<keyof TokenCounts, string>> = {
  inputTokens: 'Input, not cached',
  cacheWrite5mTokens: 'Written to cache, 5 min',
  cacheWrite1hTokens: 'Written to cache, 1 hour',
  cacheReadTokens: 'Read from cache',
  outputTokens: 'Output',
};

export type DifferingCount = { readonly name: string; readonly passes: number; readonly top: number };

/** Only those that differ: what agrees needs no row. */
export function differingCounts(passes: TokenCounts, top: TokenCounts): DifferingCount[] {
  return (Object.keys(names) as (keyof TokenCounts)[])
    .filter((count) => passes[count] !== top[count])
    .map((count) => ({ name: names[count], passes: passes[count], top: top[count] }));
}
