/** A price book as a table for a terminal: a line a model, and below it lines for long prompts and for prices that held until a day. Pure. */
import { instantInWords, usdPerMillion } from '../../shared/pricing/price-words.ts';
import type { ModelPrices, PricePeriod, Rates } from '../../shared/pricing/price-book.ts';
import { layOut, type Column } from './table.ts';

const rateTitles = ['input', 'write 5m', 'write 1h', 'read', 'output'];
const amountTitles = [...rateTitles, 'batch in', 'batch out', 'fast in', 'fast out'];
const titles = ['model', ...amountTitles, 'long prompt', 'US', 'confidence', 'status'];
const isLeft = new Set(['model', 'confidence', 'status']);
const columns = titles.map((title): Column => ({ title, align: isLeft.has(title) ? 'left' : 'right' }));

export function priceTable(models: readonly ModelPrices[]): string[] {
  const rows = models.flatMap(rowsOf);
  const aligned = columns.map((_, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    return amountTitles.includes(titles[index] ?? '') ? alignPoints(cells) : cells;
  });
  return layOut(
    columns,
    rows.map((_, row) => aligned.map((cells) => cells[row] ?? '')),
  );
}

/** Spaces for missing decimals, so that the points of a column stand under each other. */
export function alignPoints(cells: readonly string[]): string[] {
  const afterPoint = (cell: string) => (cell.includes('.') ? cell.length - cell.indexOf('.') : 0);
  const most = Math.max(0, ...cells.map(afterPoint));
  return cells.map((cell) => cell + ' '.repeat(most - afterPoint(cell)));
}

function rowsOf(model: ModelPrices): string[][] {
  const { id, periods, usGeoTenths, confidence } = model;
  const beside = [usGeoTenths === null ? '–' : `×${usGeoTenths / 10}`, confidence, statusOf(model)];
  const current = periods.filter(({ until }) => until === null);
  const dated = periods.filter(({ until }) => until !== null).toReversed();
  return [
    ...current.flatMap((period) => periodRows(id, period, beside)),
    ...dated.flatMap((period) => periodRows(`  until ${instantInWords(period.until ?? '')}`, period, [])),
  ];
}

/** Blank for most: what is in use and stays needs no word. */
function statusOf({ status, retiresOn }: ModelPrices): string {
  if (retiresOn === null) return status === 'active' ? '' : status;
  return status === 'retired' ? `retired ${retiresOn}` : `${status}, retires ${retiresOn}`;
}

function periodRows(label: string, { standard, batch, fast, longPrompt }: PricePeriod, beside: string[]): string[][] {
  const above = longPrompt === null ? '–' : `>${longPrompt.moreThanTokens.toLocaleString('en-US')}`;
  const first = [
    label,
    ...amounts(standard, batch),
    usdPerMillion(fast?.input ?? null),
    usdPerMillion(fast?.output ?? null),
  ];
  const rows = [[...first, above, ...beside]];
  if (longPrompt === null) return rows;
  const indent = label.startsWith(' ') ? '    ' : '  ';
  return [...rows, [`${indent}long prompt`, ...amounts(longPrompt.standard, longPrompt.batch), '–', '–', above]];
}

function amounts(standard: Rates, batch: Rates | null): string[] {
  const { input, cacheWrite5m, cacheWrite1h, cacheRead, output } = standard;
  const cells = [input, cacheWrite5m, cacheWrite1h, cacheRead, output, batch?.input ?? null, batch?.output ?? null];
  return cells.map(usdPerMillion);
}
