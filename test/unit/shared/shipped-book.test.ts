/**
 * The shipped price book against the researched list beside the checkout: every model, every price, every word about them.
 * The expected figures are computed here from the decimals as written, not with the code that made the book.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { dataOf, type ModelPrices, type PricePeriod, type Rates } from '../../../shared/pricing/price-book.ts';
import { priceBookSchema } from '../../../shared/pricing/price-book-schema.ts';

type Prices = Readonly<Record<string, number | null>>;
type Past = { readonly until?: string; readonly note?: string; readonly long_prompt?: Prices; readonly fast?: Prices };
type Listed = {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly status: string;
  readonly retires: string | null;
  readonly retired: string | null;
  readonly context_window: number | null;
  readonly max_output_tokens: number | null;
  readonly usd_per_mtok: Prices;
  readonly fast: Prices | null;
  readonly geo_us_multiplier: number | null;
  readonly long_prompt_tier: Prices | null;
  readonly price_history: readonly (Past & Readonly<Record<string, unknown>>)[];
  readonly confidence: string;
  readonly sources: readonly string[];
  readonly checked: string;
  readonly note?: string;
};

const listFile = join(import.meta.dirname, '../../../../shared/facts/claude-prices.json');
const absentReason = 'the researched list (../shared/facts/claude-prices.json) is not beside this checkout';
const list = existsSync(listFile)
  ? (JSON.parse(readFileSync(listFile, 'utf8')) as { as_of: string; tools: Prices; models: Listed[] })
  : null;

/** "6.25" → 6250000n: the point moved six places in the text. */
function pico(usdPerMillion: number | null | undefined): number | null {
  if (usdPerMillion === null || usdPerMillion === undefined) return null;
  const [whole = '', fraction = ''] = String(usdPerMillion).split('.');
  expect(fraction.length).toBeLessThanOrEqual(6);
  return Number(BigInt(whole + fraction.padEnd(6, '0')));
}

function expectedRates(prices: Prices, prefix = ''): Rates {
  return {
    input: pico(prices[`${prefix}input`]),
    cacheWrite5m: pico(prices[`${prefix}cache_write_5m`]),
    cacheWrite1h: pico(prices[`${prefix}cache_write_1h`]),
    cacheRead: pico(prices[`${prefix}cache_read`]),
    output: pico(prices[`${prefix}output`]),
  };
}

function expectedBatch(prices: Prices): Rates | null {
  const batch = expectedRates(prices, 'batch_');
  return Object.values(batch).every((price) => price === null) ? null : batch;
}

/** "0.5x on every token category". */
function halfOf(rates: Rates): Rates {
  return Object.fromEntries(
    Object.entries(rates).map(([key, price]) => [key, price === null ? null : price / 2]),
  ) as Rates;
}

function expectedTier(tier: Prices | null): PricePeriod['longPrompt'] {
  if (tier === null) return null;
  const standard = expectedRates(tier);
  return { moreThanTokens: tier['threshold_tokens'] ?? 0, standard, batch: expectedBatch(tier) ?? halfOf(standard) };
}

/** "Cache multipliers apply on the fast input price": 1.25, 2 and 0.1 where the list names no cache prices. */
function expectedFast(fast: Prices | null): Rates | null {
  if (fast === null) return null;
  if (fast['cache_read'] !== undefined) return expectedRates(fast);
  const input = fast['input'] ?? 0;
  return expectedRates({ ...fast, cache_write_5m: input * 1.25, cache_write_1h: input * 2, cache_read: input / 10 });
}

function expectedPeriods(listed: Listed): PricePeriod[] {
  const dated = listed.price_history.filter(({ until }) => until !== undefined);
  const past = dated.map((entry): PricePeriod => {
    const changed = Object.entries(entry).filter(([, value]) => typeof value === 'number');
    const prices = { ...listed.usd_per_mtok, ...(Object.fromEntries(changed) as Prices) };
    return {
      until: `${entry.until}T00:00:00Z`,
      standard: expectedRates(prices),
      batch: expectedBatch(prices),
      fast: expectedFast(entry.fast ?? listed.fast),
      longPrompt: expectedTier(entry.long_prompt ?? null),
    };
  });
  const prices = listed.usd_per_mtok;
  const today: PricePeriod = {
    until: null,
    standard: expectedRates(prices),
    batch: expectedBatch(prices),
    fast: expectedFast(listed.fast),
    longPrompt: expectedTier(listed.long_prompt_tier),
  };
  return datedFast(listed.id, [...past, today]);
}

/** What the list says in words alone of the end of fast mode, written down a second time: "removed 2026-11-30"; "now runs and bills as standard". */
function datedFast(id: string, periods: PricePeriod[]): PricePeriod[] {
  const last = periods.at(-1);
  if (!last) return periods;
  if (id === 'claude-opus-4-8')
    return [
      { ...last, until: '2026-11-30T00:00:00Z' },
      { ...last, fast: null },
    ];
  if (id !== 'claude-opus-4-6') return periods;
  const fast = expectedFast({ input: 30, output: 150 });
  const withFast = periods.map((period) => ({ ...period, fast, until: period.until ?? '2026-06-29T00:00:00Z' }));
  return [...withFast, { ...last, fast: last.standard }];
}

function modelOf(id: string): ModelPrices {
  const found = currentBook.models.find((model) => model.id === id);
  if (!found) throw new Error(`${id} is not in the book`);
  return found;
}

describe('the shipped book', () => {
  it('has the form of a price book', () => {
    expect(priceBookSchema.parse(dataOf(currentBook))).toEqual(dataOf(currentBook));
  });

  it('has the models of the list, its day and its web search', ({ skip }) => {
    if (list === null) return skip(absentReason);
    expect(currentBook.models.map(({ id }) => id)).toEqual(list.models.map(({ id }) => id));
    expect(currentBook).toMatchObject({ asOf: list.as_of, version: `anthropic-${list.as_of}.2` });
    // $10 per 1,000 requests is 10^13 pico-USD per 1,000.
    expect(currentBook.webSearchPicoUsdPerRequest * 1_000).toBe((list.tools['web_search_usd_per_1000'] ?? 0) * 1e12);
  });

  it.for(list?.models.map(({ id }) => id) ?? ['(absent)'])('has every price of %s', (id, { skip }) => {
    const listed = list?.models.find((model) => model.id === id);
    if (!listed) return skip(absentReason);
    expect(modelOf(id).periods).toEqual(expectedPeriods(listed));
  });

  it.for(list?.models.map(({ id }) => id) ?? ['(absent)'])('has what else the list says of %s', (id, { skip }) => {
    const listed = list?.models.find((model) => model.id === id);
    if (!listed) return skip(absentReason);
    const model = modelOf(id);
    expect(model).toMatchObject({
      aliases: listed.aliases,
      contextWindowTokens: listed.context_window,
      maxOutputTokens: listed.max_output_tokens,
      usGeoTenths: listed.geo_us_multiplier === null ? null : 11,
      confidence: listed.confidence,
      sources: expect.arrayContaining([...listed.sources]) as string[],
      checkedOn: listed.checked,
      retiresOn: listed.retired ?? (listed.retires?.startsWith('2') ? listed.retires : null),
    });
    expect([1.1, null]).toContain(listed.geo_us_multiplier);
    expect(listed.status.split(' ')[0]).toBe(model.status);
    expect(`>=${model.retiresNotBefore}` === listed.retires).toBe(listed.retires?.startsWith('>=') ?? false);
    for (const words of [listed.note, ...listed.price_history.map(({ note }) => note)]) {
      if (words !== undefined) expect(model.note).toContain(words);
    }
  });
});
