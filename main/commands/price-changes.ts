/** What a price file would change, and what is wrong with one, as lines for a terminal. Pure. */
import { isUnchanged, type BookChanges, type FactChange, type PriceChange } from '../../shared/pricing/book-changes.ts';
import { classInWords, instantInWords, usdPerMillion, usdPerThousand } from '../../shared/pricing/price-words.ts';
import { alignPoints } from './price-table.ts';
import { layOut, type Column } from './table.ts';

const titles = ['model', 'price', 'from', 'until', 'before', 'after'];
const columns = titles.map((title): Column => ({
  title,
  align: title === 'before' || title === 'after' ? 'right' : 'left',
}));

export function changesText(changes: BookChanges): string[] {
  if (isUnchanged(changes)) return ['Nothing would change.'];
  const { modelsAdded, modelsRemoved, prices, facts } = changes;
  return [
    ...(modelsAdded.length > 0 ? [`Models added: ${modelsAdded.join(', ')}`] : []),
    ...(modelsRemoved.length > 0 ? [`Models removed, their calls would be unpriced: ${modelsRemoved.join(', ')}`] : []),
    ...(prices.length > 0 ? ['', ...priceLines(prices)] : ['No price of a model would change.']),
    ...(facts.length > 0 ? ['', ...facts.map(factLine)] : []),
  ];
}

function priceLines(prices: readonly PriceChange[]): string[] {
  const before = alignPoints(prices.map((change) => amountText(change, change.before)));
  const after = alignPoints(prices.map((change) => amountText(change, change.after)));
  const rows = prices.map((change, index) => [
    change.model ?? 'every model',
    classInWords(change.class),
    change.from === null ? '–' : instantInWords(change.from),
    change.until === null ? '–' : instantInWords(change.until),
    before[index] ?? '',
    after[index] ?? '',
  ]);
  return ['USD per million tokens (a web search: per thousand):', ...layOut(columns, rows)];
}

function amountText({ class: name }: PriceChange, amount: number | null): string {
  if (amount === null) return '–';
  if (name.endsWith('moreThanTokens')) return amount.toLocaleString('en-US');
  return name === 'webSearchPicoUsdPerRequest' ? usdPerThousand(amount) : usdPerMillion(amount);
}

function factLine({ model, fact, before, after }: FactChange): string {
  return `${model === null ? '' : `${model} `}${fact}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
}
