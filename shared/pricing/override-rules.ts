/**
 * What the form of a price file cannot say: amounts in the wrong unit, names that stand for two models, periods that leave a gap,
 * residency that a pico-dollar cannot hold. Every rule returns all its problems; none stops another.
 */
import type { OverrideFile } from './override-shape.ts';
import {
  hints,
  placeOf,
  priceHint,
  quoted,
  rateNames,
  searchHint,
  type OverrideProblem,
  type Path,
} from './override-words.ts';
import type { ModelPrices, PriceBookData } from './price-book.ts';

/** Below this a price is hardly ever meant: $0.001 per million tokens. Zero is meant, where a contract gives something away. */
const picoUsdMin = 1_000;
/** $10,000 per million tokens, a hundred times what any model costs. */
const ratePicoUsdMax = 10_000_000_000;

/** Looks at the data as written, so that it helps with a file whose form is not right yet. */
export function amountProblems(data: unknown, path: Path = []): OverrideProblem[] {
  if (typeof data === 'object' && data !== null) {
    const isList = Array.isArray(data);
    return Object.entries(data).flatMap(([key, value]) => amountProblems(value, [...path, isList ? Number(key) : key]));
  }
  if (typeof data !== 'number' || !Number.isInteger(data) || data <= 0) return [];
  const problem = amountProblem(data, path.at(-1) ?? '');
  return problem === null ? [] : [{ where: placeOf(path), ...problem }];
}

function amountProblem(value: number, key: PropertyKey): { sentence: string; remedy: string } | null {
  const isSearch = key === 'webSearchPicoUsdPerRequest';
  if (!isSearch && !rateNames.has(key)) return null;
  const hint = isSearch ? searchHint : priceHint;
  if (value < picoUsdMin) {
    const meant = isSearch
      ? `If $${value} per 1,000 requests is meant, write ${value * 1e9}.`
      : `If $${value} per million tokens is meant, write ${value * 1e6}.`;
    return { sentence: `${value} looks like dollars; in pico-USD it is next to nothing.`, remedy: `${hint} ${meant}` };
  }
  if (isSearch || value <= ratePicoUsdMax) return null;
  return { sentence: `${value} is more than $10,000 per million tokens.`, remedy: hint };
}

export function modelProblems(model: ModelPrices, path: Path): OverrideProblem[] {
  return [...periodProblems(model, path), ...residencyProblems(model, path)];
}

function periodProblems({ periods }: ModelPrices, path: Path): OverrideProblem[] {
  return periods.flatMap(({ until }, index) => {
    const sentence = periodProblem(
      until,
      index === periods.length - 1,
      index === 0 ? null : (periods[index - 1]?.until ?? null),
    );
    const where = placeOf([...path, 'periods', index, 'until']);
    return sentence === null ? [] : [{ where, sentence, remedy: `Order the periods by time. ${hints['until'] ?? ''}` }];
  });
}

function periodProblem(until: string | null, isLast: boolean, endBefore: string | null): string | null {
  if (until === null) return isLast ? null : 'Only the last period may be open; the ones after it would never hold.';
  if (isLast) return `The last period ends at ${until}, so later calls would have no price.`;
  if (endBefore !== null && Date.parse(until) <= Date.parse(endBefore))
    return `This period ends at ${until}, which is not after the end of the one before it, ${endBefore}.`;
  return null;
}

function residencyProblems({ usGeoTenths, periods }: ModelPrices, path: Path): OverrideProblem[] {
  if (usGeoTenths === null) return [];
  return ratesWithPaths(periods, [...path, 'periods']).flatMap(({ value, path: place }) => {
    const tenths = BigInt(value) * BigInt(usGeoTenths);
    if (tenths % 10n === 0n) return [];
    const [factor, price] = [`${usGeoTenths / 10}`, `${tenths / 10n}.${tenths % 10n}`];
    const sentence = `With residency in the US it is ×${factor}, ${price}, which is finer than a pico-dollar.`;
    return [
      { where: placeOf(place), sentence, remedy: `Make the price a multiple of 10, such as ${roundTen(value)}.` },
    ];
  });
}

function roundTen(value: number): number {
  return Math.max(10, Math.round(value / 10) * 10);
}

function ratesWithPaths(data: unknown, path: Path): { value: number; path: Path }[] {
  if (typeof data === 'number') return rateNames.has(path.at(-1) ?? '') ? [{ value: data, path }] : [];
  if (typeof data !== 'object' || data === null) return [];
  const isList = Array.isArray(data);
  return Object.entries(data).flatMap(([key, value]) => ratesWithPaths(value, [...path, isList ? Number(key) : key]));
}

/** A name stands for one model, whether as an id or as an alias, in the file and in what it inherits alike. */
export function nameProblems(models: readonly ModelPrices[], inherited: readonly ModelPrices[]): OverrideProblem[] {
  const owners = new Map<string, string>();
  for (const { id, aliases } of inherited) {
    for (const name of [id, ...aliases]) owners.set(name, `${quoted(id)} of the shipped book`);
  }
  const names = models.flatMap(({ id, aliases }, index) => [
    { name: id, path: ['models', index, 'id'] },
    ...aliases.map((name, place) => ({ name, path: ['models', index, 'aliases', place] })),
  ]);
  return names.flatMap(({ name, path }) => {
    const where = placeOf(path);
    const owner = owners.get(name);
    owners.set(name, owner ?? where);
    if (name.endsWith('[1m]'))
      return [
        {
          where,
          sentence: `${quoted(name)} is never found.`,
          remedy: 'Leave out the mark [1m], which is not part of an id.',
        },
      ];
    if (owner === undefined) return [];
    const remedy = 'A name stands for one model: rename or remove one of the two; to change a model, use its id.';
    return [{ where, sentence: `${quoted(name)} is already a name of ${owner}.`, remedy }];
  });
}

export function extendsProblems(file: OverrideFile, shippedVersion: string): OverrideProblem[] {
  if (file.extends === undefined || file.extends === shippedVersion) return [];
  return [
    {
      where: 'extends',
      sentence: `This version of Tollkeeper ships the book ${quoted(shippedVersion)}, not ${quoted(file.extends)}.`,
      remedy: `See with \`tollkeeper prices\` whether your changes still fit and write "extends": ${quoted(shippedVersion)}, or leave the key out and give a whole book.`,
    },
  ];
}

/** A book never changes under its name: calls already priced name it. */
export function versionProblems(data: PriceBookData, others: readonly PriceBookData[]): OverrideProblem[] {
  const isOther = others.some((book) => book.version === data.version && contentOf(book) !== contentOf(data));
  if (!isOther) return [];
  return [
    {
      where: 'version',
      sentence: `${quoted(data.version)} already names a book with other content, and calls were priced by it.`,
      remedy: `Give this one a name of its own, such as ${quoted(`${data.version.slice(0, 76)}-own`)}.`,
    },
  ];
}

/** The order of the models is no content. Both books have passed the schema, which puts their keys in one order. */
function contentOf({ version, asOf, source, webSearchPicoUsdPerRequest, models }: PriceBookData): string {
  const ordered = models.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify([version, asOf, source, webSearchPicoUsdPerRequest, ordered]);
}
