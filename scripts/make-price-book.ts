/**
 * Makes shared/pricing/books/<as_of>.json from the researched price list: `node scripts/make-price-book.ts LIST.json`.
 * Converts decimal dollars per million tokens to integers of pico-USD per token and refuses a price that is finer than that.
 * Days that the list tells in words alone are given their periods here, each with its source.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { priceBookSchema } from '../shared/pricing/price-book-schema.ts';

type Numbers = Record<string, number | null | undefined>;
type CacheClass = 'cache_write_5m' | 'cache_write_1h' | 'cache_read';
type Fast = { readonly [Key in 'input' | 'output' | CacheClass]?: number } & { readonly status?: string };
type History = { until?: string; long_prompt?: Numbers; fast?: Fast; note?: string } & Record<string, unknown>;
type Listed = {
  id: string;
  aliases: string[];
  status: string;
  retires: string | null;
  retired: string | null;
  context_window: number | null;
  max_output_tokens: number | null;
  usd_per_mtok: Numbers;
  fast: Fast | null;
  geo_us_multiplier: number | null;
  long_prompt_tier: Numbers | null;
  price_history: History[];
  confidence: string;
  sources: string[];
  checked: string;
  note?: string;
};

function pico(usdPerMillion: number | null | undefined): number | null {
  if (usdPerMillion === null || usdPerMillion === undefined) return null;
  const value = Math.round(usdPerMillion * 1e6);
  if (Math.abs(value / 1e6 - usdPerMillion) > 1e-12) throw new Error(`price ${usdPerMillion} is finer than a pico-USD`);
  return value;
}

function rates(prices: Numbers, prefix = '') {
  return {
    input: pico(prices[`${prefix}input`]),
    cacheWrite5m: pico(prices[`${prefix}cache_write_5m`]),
    cacheWrite1h: pico(prices[`${prefix}cache_write_1h`]),
    cacheRead: pico(prices[`${prefix}cache_read`]),
    output: pico(prices[`${prefix}output`]),
  };
}

function batch(prices: Numbers) {
  const found = rates(prices, 'batch_');
  return found.input === null ? null : found;
}

function halved(full: ReturnType<typeof rates>) {
  return Object.fromEntries(Object.entries(full).map(([key, value]) => [key, value === null ? null : value / 2]));
}

function longPrompt(tier: Numbers | null | undefined) {
  if (!tier) return null;
  const standard = rates(tier);
  return { moreThanTokens: tier['threshold_tokens'], standard, batch: batch(tier) ?? halved(standard) };
}

/** Fast output and input are multiples of standard; the list gives cache prices only for models that still have fast mode. */
function fastRates(listed: Listed, fast: Fast | null | undefined) {
  if (!fast) return null;
  const multiple = (fast.input ?? 0) / (listed.usd_per_mtok['input'] ?? 1);
  const standard = listed.usd_per_mtok;
  const cache = (name: CacheClass) => fast[name] ?? (standard[name] ?? 0) * multiple;
  return rates({
    input: fast.input,
    output: fast.output,
    cache_write_5m: cache('cache_write_5m'),
    cache_write_1h: cache('cache_write_1h'),
    cache_read: cache('cache_read'),
  });
}

function currentPeriod(listed: Listed) {
  const standard = listed.usd_per_mtok;
  return {
    until: null,
    standard: rates(standard),
    batch: batch(standard),
    fast: fastRates(listed, listed.fast),
    longPrompt: longPrompt(listed.long_prompt_tier),
  };
}

/** A dated difference from today's prices. A bare date ends at 00:00 UTC of that day, the first instant of the new price. */
function pastPeriod(listed: Listed, past: History) {
  const prices: Numbers = { ...listed.usd_per_mtok };
  for (const [key, value] of Object.entries(past)) if (typeof value === 'number') prices[key] = value;
  return {
    until: `${past.until}T00:00:00Z`,
    standard: rates(prices),
    batch: batch(prices),
    fast: fastRates(listed, past.fast ?? listed.fast),
    longPrompt: longPrompt(past.long_prompt),
  };
}

/** "active (verified organizations only)" → the word of the schema, and what the list says beside it. */
function statusOf(listed: Listed): { word: string; beside: string | null } {
  const match = /^(\w+)(?: \((.+)\))?$/.exec(listed.status);
  if (!match?.[1]) throw new Error(`the status "${listed.status}" of ${listed.id} is not understood`);
  return { word: match[1], beside: match[2] ?? null };
}

/** ">=2027-11-09" is a promise, a bare date an announcement, `retired` what happened. */
function retirement({ retires, retired }: Listed) {
  const isPromise = retires?.startsWith('>=') ?? false;
  return { retiresOn: retired ?? (isPromise ? null : retires), retiresNotBefore: isPromise ? retires?.slice(2) : null };
}

/** Everything the list says in words about a model, in one line. */
function noteOf(listed: Listed): string | null {
  const fast = listed.fast?.status === undefined ? undefined : `fast mode: ${listed.fast.status}`;
  const words = [statusOf(listed).beside, listed.note, fast, ...listed.price_history.map(datedNote)];
  const said = words.filter((part) => typeof part === 'string');
  return said.length === 0 ? null : said.join('; ');
}

function datedNote({ until, note, long_prompt: tier }: History): string | undefined {
  if (note === undefined || until === undefined) return note;
  return tier ? `long prompts until ${until}: ${note}` : `change of ${until}: ${note}`;
}

function periodsOf(listed: Listed): Period[] {
  const past = listed.price_history
    .filter(({ until }) => until !== undefined)
    .map((entry) => pastPeriod(listed, entry));
  const periods = [...past.toSorted((a, b) => a.until.localeCompare(b.until)), currentPeriod(listed)];
  const end = fastEnds[listed.id];
  return end ? periods.flatMap((period) => withFastEnd(listed, period, end)) : periods;
}

type Period = Omit<ReturnType<typeof currentPeriod>, 'until'> & { until: string | null };
type FastEnd = {
  readonly on: string;
  readonly before: Fast | null;
  readonly after: 'standard' | null;
  readonly source: string;
};

/** The day a model lost fast mode, and what a fast call costs after it: as standard, or nothing that is published. */
const fastEnds: Readonly<Record<string, FastEnd>> = {
  'claude-opus-4-6': {
    on: '2026-06-29',
    before: { input: 30, output: 150 },
    after: 'standard',
    source:
      'fast mode until 2026-06-29: platform.claude.com/docs/en/build-with-claude/fast-mode, as quoted in github.com/NousResearch/hermes-agent/pull/82348 (2026-08-09)',
  },
  'claude-opus-4-8': {
    on: '2026-11-30',
    before: null,
    after: null,
    source: 'fast mode until 2026-11-30: code.claude.com/docs/en/fast-mode (2026-11)',
  },
};

/** A period that the day falls into becomes two. `before` null: as the list says. */
function withFastEnd(listed: Listed, period: Period, { on, before, after }: FastEnd): Period[] {
  const until = `${on}T00:00:00Z`;
  const fast = before === null ? period.fast : fastRates(listed, before);
  if (period.until !== null && period.until <= until) return [{ ...period, fast }];
  return [
    { ...period, until, fast },
    { ...period, fast: after === 'standard' ? period.standard : null },
  ];
}

const file = process.argv[2];
if (file === undefined) throw new Error('usage: node scripts/make-price-book.ts LIST.json');
const list = JSON.parse(readFileSync(file, 'utf8')) as { as_of: string; tools: Numbers; models: Listed[] };
/** Counts what was added to the list of one day: a version names one content for good. */
const revision = 2;
const book = {
  version: `anthropic-${list.as_of}.${revision}`,
  asOf: list.as_of,
  source: 'Anthropic first-party list prices; each model with its sources and its confidence',
  webSearchPicoUsdPerRequest: Math.round((list.tools['web_search_usd_per_1000'] ?? 0) * 1e9),
  models: list.models.map((listed) => ({
    id: listed.id,
    aliases: listed.aliases,
    status: statusOf(listed).word,
    ...retirement(listed),
    contextWindowTokens: listed.context_window,
    maxOutputTokens: listed.max_output_tokens,
    usGeoTenths: listed.geo_us_multiplier === null ? null : Math.round(listed.geo_us_multiplier * 10),
    confidence: listed.confidence,
    sources: [...listed.sources, ...(fastEnds[listed.id] ? [fastEnds[listed.id]?.source] : [])],
    checkedOn: listed.checked,
    note: noteOf(listed),
    periods: periodsOf(listed),
  })),
};
// Held against the schema before anything is written.
priceBookSchema.parse(book);
writeFileSync(`shared/pricing/books/${list.as_of}.json`, `${JSON.stringify(book, null, 1)}\n`);
