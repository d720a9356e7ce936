/**
 * What differs between two price books, as plain data: amounts per model, class and stretch of time, and the facts beside them.
 * Periods are compared by time and not by place: a period cut in two at the same prices is no change.
 */
import { periodAt, type ModelPrices, type PriceBookData, type PricePeriod, type Rates } from './price-book.ts';

export type PriceChange = {
  /** Null for the one price of the book itself: a web search. */
  readonly model: string | null;
  /** The place within a period as the file writes it: `standard.input`, `longPrompt.batch.output`, `longPrompt.moreThanTokens`. */
  readonly class: string;
  /** The stretch of time in which it differs: instants, null where it has no beginning or no end. */
  readonly from: string | null;
  readonly until: string | null;
  /** As in the file: pico-USD (tokens for `moreThanTokens`), null where nothing is published. */
  readonly before: number | null;
  readonly after: number | null;
};

export type FactChange = {
  /** Null for a fact of the book itself. */
  readonly model: string | null;
  readonly fact: string;
  readonly before: string | number | null | readonly string[];
  readonly after: string | number | null | readonly string[];
};

export type BookChanges = {
  readonly modelsAdded: readonly string[];
  readonly modelsRemoved: readonly string[];
  readonly prices: readonly PriceChange[];
  readonly facts: readonly FactChange[];
};

export function changesBetween(before: PriceBookData, after: PriceBookData): BookChanges {
  const idsBefore = new Set(before.models.map(({ id }) => id));
  const newById = new Map(after.models.map((model) => [model.id, model]));
  const pairs = before.models.flatMap((was) => {
    const is = newById.get(was.id);
    return is === undefined ? [] : [{ was, is }];
  });
  return {
    modelsAdded: after.models.map(({ id }) => id).filter((id) => !idsBefore.has(id)),
    modelsRemoved: before.models.map(({ id }) => id).filter((id) => !newById.has(id)),
    prices: [...searchChange(before, after), ...pairs.flatMap(({ was, is }) => priceChanges(was, is))],
    facts: [...bookFacts(before, after), ...pairs.flatMap(({ was, is }) => modelFacts(was, is))],
  };
}

export function isUnchanged({ modelsAdded, modelsRemoved, prices, facts }: BookChanges): boolean {
  return [modelsAdded, modelsRemoved, prices, facts].every((list) => list.length === 0);
}

function searchChange(was: PriceBookData, is: PriceBookData): PriceChange[] {
  const [before, after] = [was.webSearchPicoUsdPerRequest, is.webSearchPicoUsdPerRequest];
  if (before === after) return [];
  return [{ model: null, class: 'webSearchPicoUsdPerRequest', from: null, until: null, before, after }];
}

function bookFacts(was: PriceBookData, is: PriceBookData): FactChange[] {
  return (['version', 'asOf', 'source'] as const)
    .filter((fact) => was[fact] !== is[fact])
    .map((fact) => ({ model: null, fact, before: was[fact], after: is[fact] }));
}

function modelFacts({ periods: _was, ...was }: ModelPrices, { periods: _is, ...is }: ModelPrices): FactChange[] {
  const facts = Object.keys(was) as (keyof typeof was)[];
  return facts
    .filter((fact) => JSON.stringify(was[fact]) !== JSON.stringify(is[fact]))
    .map((fact) => ({ model: was.id, fact, before: was[fact], after: is[fact] }));
}

/** Looks at every stretch between two dates of either book and joins neighbours that differ in the same way. */
function priceChanges(was: ModelPrices, is: ModelPrices): PriceChange[] {
  const changes = new Map<string, PriceChange[]>();
  let from: string | null = null;
  for (const until of datesOf(was, is)) {
    const atMs = from === null ? -Infinity : Date.parse(from);
    const [old, now] = [amountsOf(periodAt(was, atMs)), amountsOf(periodAt(is, atMs))];
    for (const [name, before] of Object.entries(old)) {
      const after = now[name] ?? null;
      if (before === after) continue;
      const known = changes.get(name) ?? [];
      changes.set(name, joined(known, { model: was.id, class: name, from, until, before, after }));
    }
    from = until;
  }
  return [...changes.values()].flat();
}

function joined(known: readonly PriceChange[], change: PriceChange): PriceChange[] {
  const last = known.at(-1);
  const continues = last && last.until === change.from && last.before === change.before && last.after === change.after;
  return continues ? [...known.slice(0, -1), { ...last, until: change.until }] : [...known, change];
}

/** Every instant at which either model's prices end, in order, then null for the open end. */
function datesOf(...models: readonly ModelPrices[]): (string | null)[] {
  const untils = models.flatMap(({ periods }) => periods.map(({ until }) => until)).filter((until) => until !== null);
  const byTime = new Map(untils.map((until) => [Date.parse(until), until]));
  const ordered = [...byTime].toSorted(([a], [b]) => a - b).map(([, until]) => until);
  return [...ordered, null];
}

function amountsOf({ standard, batch, fast, longPrompt }: PricePeriod): Record<string, number | null> {
  return {
    ...named('standard', standard),
    ...named('batch', batch),
    ...named('fast', fast),
    'longPrompt.moreThanTokens': longPrompt?.moreThanTokens ?? null,
    ...named('longPrompt.standard', longPrompt?.standard ?? null),
    ...named('longPrompt.batch', longPrompt?.batch ?? null),
  };
}

function named(card: string, rates: Rates | null): Record<string, number | null> {
  const names = ['input', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead', 'output'] as const;
  return Object.fromEntries(names.map((name) => [`${card}.${name}`, rates?.[name] ?? null]));
}
