/** The list of models on the Prices screen: what is used this month first, what nobody can price before all, then the book's own order. Pure. */
import type { PricesView } from '../../../shared/contract/prices.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import type { ModelPrices } from '../../../shared/pricing/price-book.ts';

export type ModelUse = { readonly costNanoUsd: number; readonly calls: number; readonly unpricedCalls: number };

/** `prices` is null for a model that the book does not know; `use` is null for one without calls this month. */
export type ModelRow = {
  readonly name: string;
  readonly prices: ModelPrices | null;
  readonly use: ModelUse | null;
};

export function modelRows({ book, used }: PricesView): ModelRow[] {
  const uses = usesById(used);
  const known = book.models.map((prices): ModelRow => ({ name: prices.id, prices, use: uses.get(prices.id) ?? null }));
  const unknown = used
    .filter(({ bookId }) => bookId === null)
    .map(({ model, ...use }): ModelRow => ({ name: model ?? 'no model named', prices: null, use }));
  const inUse = known.filter(({ use }) => use !== null);
  return [
    ...unknown.toSorted((a, b) => (b.use?.calls ?? 0) - (a.use?.calls ?? 0)),
    ...inUse.toSorted((a, b) => (b.use?.costNanoUsd ?? 0) - (a.use?.costNanoUsd ?? 0)),
    ...known.filter(({ use }) => use === null),
  ];
}

/** One model of the book may have been named in several ways. */
function usesById(used: PricesView['used']): Map<string, ModelUse> {
  const uses = new Map<string, ModelUse>();
  for (const { bookId, costNanoUsd, calls, unpricedCalls } of used) {
    if (bookId === null) continue;
    const before = uses.get(bookId) ?? { costNanoUsd: 0, calls: 0, unpricedCalls: 0 };
    uses.set(bookId, {
      costNanoUsd: before.costNanoUsd + costNanoUsd,
      calls: before.calls + calls,
      unpricedCalls: before.unpricedCalls + unpricedCalls,
    });
  }
  return uses;
}

/** By any part of the id, an alias, or the short name ("opus 5.5"). */
export function matches({ name, prices }: ModelRow, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  const names = [name, shortModelName(name), ...(prices?.aliases ?? [])];
  return names.some((text) => text.toLowerCase().includes(wanted));
}

/** How many decimals the longest price of a column has, so that the points of the column stand under each other. */
export function decimalsOf(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)));
}
