/** Two meters' totals of the same transcripts side by side, as Markdown, with the causes of every difference. Pure. */
import type { Difference, ModelSums } from './import-differences.ts';

export type Totals = ReadonlyMap<string, ModelSums>;

export function totalsTable(ours: Totals, theirs: Totals): string[] {
  const [mine, other] = [sumOf(ours), sumOf(theirs)];
  const row = (name: string, a: number, b: number) =>
    `| ${name} | ${a.toLocaleString('en-US')} | ${b.toLocaleString('en-US')} | ${(a - b).toLocaleString('en-US')} |`;
  return [
    '| | tollkeeper | ccusage | difference |',
    '|---|---:|---:|---:|',
    row('input tokens', mine.inputTokens, other.inputTokens),
    row('cache write tokens', mine.cacheWriteTokens, other.cacheWriteTokens),
    row('cache read tokens', mine.cacheReadTokens, other.cacheReadTokens),
    row('output tokens', mine.outputTokens, other.outputTokens),
    `| cost | ${usd(mine.costUsd)} | ${usd(other.costUsd)} | ${usd(mine.costUsd - other.costUsd)} |`,
  ];
}

export function differencesTable(differences: readonly Difference[], ours: Totals, theirs: Totals): string[] {
  if (differences.length === 0) return ['Every model agrees, in every token and to the micro-dollar.'];
  const rows = differences.flatMap(({ model, tokens, costUsd, causes, unexplained }) => {
    const isExplained = unexplained.tokens === 0 && unexplained.costUsd === 0;
    const all = isExplained ? causes : [...causes, { words: '**not explained**', ...unexplained }];
    const words = all.map((cause) => `${cause.words} (${signed(cause.tokens)} tokens, ${usd(cause.costUsd)})`);
    const costs = [ours, theirs].map((totals) => usd(totals.get(model)?.costUsd ?? 0));
    return `| ${model} | ${costs.join(' | ')} | ${usd(costUsd)} | ${signed(tokens)} | ${words.join('; ')} |`;
  });
  return ['| model | tollkeeper | ccusage | difference | tokens | causes |', '|---|---:|---:|---:|---:|---|', ...rows];
}

function sumOf(totals: Totals): ModelSums {
  const zero = { inputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 0, costUsd: 0 };
  return [...totals.values()].reduce(
    (sum, part) => ({
      inputTokens: sum.inputTokens + part.inputTokens,
      cacheWriteTokens: sum.cacheWriteTokens + part.cacheWriteTokens,
      cacheReadTokens: sum.cacheReadTokens + part.cacheReadTokens,
      outputTokens: sum.outputTokens + part.outputTokens,
      costUsd: sum.costUsd + part.costUsd,
    }),
    zero,
  );
}

function usd(value: number): string {
  // Floats of the other side: what is below half a micro-dollar is their rounding, and no "-0".
  const rounded = Math.round(value * 1e6) / 1e6 || 0;
  return `${rounded < 0 ? '−' : ''}$${Math.abs(rounded).toFixed(6)}`;
}

function signed(value: number): string {
  return value > 0 ? `+${value.toLocaleString('en-US')}` : value.toLocaleString('en-US').replace('-', '−');
}
