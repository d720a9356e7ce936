/** How the faults of a price file are told: where, one sentence, what to do. Values are quoted so that no terminal obeys what a file says. */
export type OverrideProblem = {
  /** `models[3].periods[0].standard.input`, `line 3, column 5`, or "the file". */
  readonly where: string;
  readonly sentence: string;
  readonly remedy: string;
};

export type Path = readonly PropertyKey[];

export function placeOf(path: Path): string {
  if (path.length === 0) return 'the file';
  const parts = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return /^[A-Za-z]\w*$/.test(String(part)) ? `.${String(part)}` : `[${quoted(String(part))}]`;
  });
  return parts.join('').replace(/^\./, '');
}

const quotedMax = 60;

/** The value as JSON, short, with every character escaped that is not meant to be seen. */
export function quoted(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  const cut = json.length > quotedMax ? `${json.slice(0, quotedMax)}…` : json;
  return cut.replace(/\p{Cc}|\p{Cf}/gu, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

export const priceHint = 'Prices are whole pico-USD per token: $5 per million tokens is 5000000.';
export const searchHint = 'The price is whole pico-USD per request: $10 per 1,000 requests is 10000000000.';
const dayHint = 'Write a day such as 2026-11-24';
const rateHint = `${priceHint} Write null where no price is published.`;
const cardHint = 'Give all five rates (input, cacheWrite5m, cacheWrite1h, cacheRead, output)';
const tokensHint = 'Write a whole number of tokens';

/** What belongs under a key; the same words for a missing, a misspelt and a wrong one. */
export const hints: Readonly<Record<string, string>> = {
  version: 'Give the book a name of letters, digits, dots and dashes, 80 at most, such as "our-prices-1".',
  asOf: `${dayHint}, for which the list was made.`,
  source: 'Say in one line where the prices come from.',
  extends: 'Name the book that ships with this version, as `tollkeeper prices` prints it, or leave the key out.',
  webSearchPicoUsdPerRequest: searchHint,
  models: 'List models as `tollkeeper prices --json` prints them.',
  id: 'Write the exact id that Anthropic answers with, such as "claude-opus-5-5".',
  aliases: 'List other exact ids of the same model as texts; [] where there are none.',
  status: 'Write "active", "deprecated" or "retired".',
  retiresOn: `${dayHint}, or null while none is announced.`,
  retiresNotBefore: `${dayHint}, or null where none is promised.`,
  contextWindowTokens: `${tokensHint}, or null where it is not known.`,
  maxOutputTokens: `${tokensHint}, or null where it is not known.`,
  usGeoTenths: 'Write tenths: 11 means ×1.1 for inference in the US; null where it does not change the price.',
  confidence: 'Say in a word how sure the prices are, such as "high" or "contract".',
  sources: 'List where the prices were read as texts; [] for nowhere.',
  checkedOn: `${dayHint}, on which the prices were last compared with their sources.`,
  note: 'Write one line, or null.',
  periods: 'Give at least one period of prices; the last one has "until": null.',
  until: 'Write an instant in UTC such as "2026-10-07T00:00:00Z", or null in the last period.',
  standard: `${cardHint}.`,
  batch: `${cardHint}, or null where no batch price is published.`,
  fast: `${cardHint}, or null where no fast price is published.`,
  longPrompt:
    'Give moreThanTokens, standard and batch, or null where the length of the prompt does not change the price.',
  moreThanTokens: `${tokensHint}: longer prompts than this pay the long-prompt rates.`,
  input: rateHint,
  cacheWrite5m: rateHint,
  cacheWrite1h: rateHint,
  cacheRead: rateHint,
  output: rateHint,
};

/** The hint for the nearest key of a path: `aliases` for `aliases[2]`. */
export function hintFor(path: Path): string {
  const key = path.findLast((part) => typeof part === 'string') ?? 'models';
  return hints[key] ?? 'See `tollkeeper prices --json` for a whole book.';
}

export const rateNames: ReadonlySet<PropertyKey> = new Set([
  'input',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheRead',
  'output',
]);
