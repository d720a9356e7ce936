/**
 * A price file of one's own: read, checked to the last price, laid over the shipped book, and compared with the book in force. Pure and total:
 * whatever the text, the answer is a whole valid book or a list of problems with a place, a sentence and a remedy each. It never half-applies.
 */
import { readJson } from '../json-text.ts';
import { changesBetween, type BookChanges } from './book-changes.ts';
import { amountProblems, extendsProblems, modelProblems, nameProblems, versionProblems } from './override-rules.ts';
import { missingKey, overrideSchema, shapeProblems, type OverrideFile } from './override-shape.ts';
import type { OverrideProblem } from './override-words.ts';
import { priceBookSchema } from './price-book-schema.ts';
import { dataOf, type ModelPrices, type PriceBook, type PriceBookData } from './price-book.ts';

export type { OverrideProblem } from './override-words.ts';

/** Far more than a book of every model there ever was; whoever reads a file need not read further. */
export const overrideBytesMax = 1_000_000;
/** A file with more is told the first ones. */
const problemsMax = 100;

export type OverrideCheck =
  | { readonly kind: 'valid'; readonly data: PriceBookData; readonly changes: BookChanges }
  | { readonly kind: 'invalid'; readonly problems: readonly OverrideProblem[] };

/** `inForce` is what `changes` compares with: the shipped book unless a file was already in force. */
export function checkOverride(text: string, shipped: PriceBook, inForce: PriceBook = shipped): OverrideCheck {
  const read = readFile(text);
  if (read.kind === 'invalid') return read;
  const { file } = read;
  const inherited = inheritedModels(file, shipped);
  const problems = [
    ...read.problems,
    ...wholeBookProblems(file),
    ...extendsProblems(file, shipped.version),
    ...nameProblems(file.models, inherited),
    ...file.models.flatMap((model, index) => modelProblems(model, ['models', index])),
  ];
  if (problems.length > 0) return invalid(problems);
  const data = laidOver(file, shipped);
  const sameName = versionProblems(data, [dataOf(shipped), dataOf(inForce)]);
  return sameName.length > 0
    ? invalid(sameName)
    : { kind: 'valid', data, changes: changesBetween(dataOf(inForce), data) };
}

/** One problem for each place, the first that was found: what follows from it would only distract. */
function invalid(found: readonly OverrideProblem[]): OverrideCheck & { kind: 'invalid' } {
  const problems = found.filter(({ where }, index) => found.findIndex((other) => other.where === where) === index);
  if (problems.length <= problemsMax) return { kind: 'invalid', problems };
  const more = {
    where: 'the file',
    sentence: `${problems.length - problemsMax} more problems are not listed.`,
    remedy: 'Correct these first.',
  };
  return { kind: 'invalid', problems: [...problems.slice(0, problemsMax), more] };
}

type ReadFile =
  | { readonly kind: 'file'; readonly file: OverrideFile; readonly problems: readonly OverrideProblem[] }
  | (OverrideCheck & { kind: 'invalid' });

function readFile(text: string): ReadFile {
  const unreadable = textProblem(text);
  if (unreadable) return invalid([unreadable]);
  const json = readJson(text.replace(/^\uFEFF/, ''));
  if (json.kind === 'broken') {
    const remedy =
      'Correct it there. JSON has no comments, no comma after the last entry, and no signs within numbers: 5000000.';
    return invalid([{ where: `line ${json.line}, column ${json.column}`, sentence: json.sentence, remedy }]);
  }
  const amounts = amountProblems(json.value);
  const parsed = overrideSchema.safeParse(json.value);
  return parsed.success
    ? { kind: 'file', file: parsed.data, problems: amounts }
    : invalid([...shapeProblems(parsed.error.issues, json.value), ...amounts]);
}

function textProblem(text: string): OverrideProblem | null {
  const problem = (sentence: string, remedy: string) => ({ where: 'the file', sentence, remedy });
  if (isLongerThan(text, overrideBytesMax))
    return problem(
      'The file is larger than 1 MB.',
      'Give a price book as `tollkeeper prices --json` prints it, which is a small part of that.',
    );
  // What a file in UTF-16 looks like when it is read as UTF-8; PowerShell 5 writes one with ">".
  if (/[\0\uFFFD]/.test(text)) return problem('The file is not text in UTF-8.', 'Save it as UTF-8.');
  if (text.trim() === '') return problem('The file is empty.', 'Begin with what `tollkeeper prices --json` prints.');
  return null;
}

/** In bytes of UTF-8, counted only as far as needed. */
function isLongerThan(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  let bytes = 0;
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes > bytesMax;
}

function wholeBookProblems(file: OverrideFile): OverrideProblem[] {
  if (file.extends !== undefined) return [];
  const missing = (['asOf', 'webSearchPicoUsdPerRequest'] as const).filter((key) => file[key] === undefined);
  const problems = missing.map((key) => missingKey([key]));
  if (file.models.length > 0) return problems;
  const remedy = 'List models, or write "extends" with the version of the shipped book to inherit its models.';
  return [...problems, { where: 'models', sentence: 'The list is empty, so no call could be priced.', remedy }];
}

/** What a file that extends leaves as it is: the shipped models whose ids it does not name. */
function inheritedModels(file: OverrideFile, shipped: PriceBook): readonly ModelPrices[] {
  if (file.extends === undefined) return [];
  const named = new Set(file.models.map(({ id }) => id));
  return shipped.models.filter(({ id }) => !named.has(id));
}

/** Models of the file take the place of the shipped ones of the same id; new ones come first, as new models do. */
function laidOver(file: OverrideFile, shipped: PriceBook): PriceBookData {
  const { extends: base, ...own } = file;
  if (base === undefined) return priceBookSchema.parse(own);
  const byId = new Map(own.models.map((model) => [model.id, model]));
  const added = own.models.filter(({ id }) => !shipped.models.some((model) => model.id === id));
  const { asOf, webSearchPicoUsdPerRequest } = shipped;
  const models = [...added, ...shipped.models.map((model) => byId.get(model.id) ?? model)];
  return priceBookSchema.parse({ asOf, webSearchPicoUsdPerRequest, ...own, models });
}
