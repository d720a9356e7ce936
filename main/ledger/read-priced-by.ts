/** Which price books priced the calls of a month, and how many of them were corrected; over the newest of them where there are very many. */
import type { PricedByView } from '../../shared/contract/prices.ts';
import { daysOfMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { rangeConditions } from './call-conditions.ts';

const scannedMax = 100_000;
const booksMax = 50;

type Row = {
  readonly priceBook: string | null;
  readonly calls: number;
  readonly costNanoUsd: number;
  readonly correctedCalls: number;
};

export function readPricedBy(db: Db, { month }: { readonly month: string }, scannedAtMost = scannedMax): PricedByView {
  const range = rangeConditions({ from: `${month}-01`, to: daysOfMonth(month).at(-1) });
  const rows = db
    .prepare<unknown[], Row>(
      `SELECT price_book AS priceBook, COUNT(*) AS calls, COALESCE(SUM(cost_nano_usd), 0) AS costNanoUsd, SUM(revision > 1) AS correctedCalls
         FROM (SELECT price_book, cost_nano_usd, revision FROM current_calls WHERE ${range.sql} ORDER BY started_at_ms DESC LIMIT ?)
        GROUP BY price_book ORDER BY calls DESC`,
    )
    .all(...range.values, scannedAtMost);
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  return {
    month,
    calls,
    isWhole: calls < scannedAtMost,
    books: rows
      .flatMap(({ priceBook, calls: priced, costNanoUsd }) =>
        priceBook === null ? [] : [{ priceBook, calls: priced, costNanoUsd }],
      )
      .slice(0, booksMax),
    correctedCalls: rows.reduce((sum, row) => sum + row.correctedCalls, 0),
  };
}
