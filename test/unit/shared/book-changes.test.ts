/** What differs between two books is told by time, not by how their periods are cut. And the words of prices. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { changesBetween, isUnchanged } from '../../../shared/pricing/book-changes.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { notMetered } from '../../../shared/pricing/not-metered.ts';
import { dataOf, type PriceBookData, type PricePeriod } from '../../../shared/pricing/price-book.ts';
import { classInWords, instantInWords, usdPerMillion, usdPerThousand } from '../../../shared/pricing/price-words.ts';
import { openPeriod, someModel, someRates } from '../../kit/price-files.ts';

const bookOf = (...periods: PricePeriod[]): PriceBookData => ({
  ...dataOf(currentBook),
  models: [{ ...someModel, periods }],
});
const september = '2026-09-01T00:00:00Z';
const october = '2026-10-01T00:00:00Z';
const dearer = { ...openPeriod, standard: { ...someRates, input: 6_000_000 } };

describe('the changes between two books', () => {
  it('are none when a period is only cut in two', () => {
    const cut = bookOf({ ...openPeriod, until: september }, { ...openPeriod, until: october }, openPeriod);
    expect(isUnchanged(changesBetween(bookOf(openPeriod), cut))).toBe(true);
    expect(isUnchanged(changesBetween(cut, bookOf(openPeriod)))).toBe(true);
  });

  it('are told with the stretch of time in which they hold, neighbours joined', () => {
    const after = bookOf({ ...openPeriod, until: september }, { ...dearer, until: october }, dearer);
    expect(changesBetween(bookOf(openPeriod), after).prices).toEqual([
      {
        model: 'claude-own-1',
        class: 'standard.input',
        from: september,
        until: null,
        before: 5_000_000,
        after: 6_000_000,
      },
    ]);
    const between = bookOf({ ...openPeriod, until: september }, { ...dearer, until: october }, openPeriod);
    expect(changesBetween(between, bookOf(openPeriod)).prices).toMatchObject([{ from: september, until: october }]);
  });

  it('name a card that comes or goes, and the facts beside the prices', () => {
    const longPrompt = { moreThanTokens: 200_000, standard: someRates, batch: null };
    const { prices } = changesBetween(bookOf(openPeriod), bookOf({ ...openPeriod, longPrompt }));
    expect(prices.map((change) => change.class)).toEqual([
      'longPrompt.moreThanTokens',
      ...Object.keys(someRates).map((name) => `longPrompt.standard.${name}`),
    ]);
    expect(prices[0]).toMatchObject({ before: null, after: 200_000 });
    const renamed = { ...bookOf(openPeriod), version: 'own-2', models: [{ ...someModel, aliases: ['own'] }] };
    expect(changesBetween(bookOf(openPeriod), renamed).facts).toEqual([
      { model: null, fact: 'version', before: currentBook.version, after: 'own-2' },
      { model: 'claude-own-1', fact: 'aliases', before: [], after: ['own'] },
    ]);
  });
});

describe('the words of prices', () => {
  it.each([
    [5_000_000, '5.00'],
    [62_500, '0.0625'],
    [5_000, '0.005'],
    [1_234_567_890_000, '1,234,567.89'],
    [1, '0.000001'],
    [0, '0.00'],
    [null, '–'],
  ])('of %s pico-USD a token are %s', (pico, text) => {
    expect(usdPerMillion(pico)).toBe(text);
  });

  it('name classes and dates', () => {
    expect(usdPerThousand(10_000_000_000)).toBe('10.00');
    expect(classInWords('standard.cacheRead')).toBe('cache read');
    expect(classInWords('longPrompt.batch.cacheWrite5m')).toBe('long prompt batch cache write 5m');
    expect(instantInWords('2026-10-07T00:00:00Z')).toBe('2026-10-07');
    expect(instantInWords('2026-10-07T12:00:00Z')).toBe('2026-10-07T12:00:00Z');
  });
});

describe('what is not metered', () => {
  it('is said with the figures of the researched list', ({ skip }) => {
    const file = join(import.meta.dirname, '../../../../shared/facts/claude-prices.json');
    if (!existsSync(file))
      return skip('the researched list (../shared/facts/claude-prices.json) is not beside this checkout');
    const { tools } = JSON.parse(readFileSync(file, 'utf8')) as { tools: Record<string, number> };
    const sentence = (id: string) => notMetered.find((entry) => entry.id === id)?.sentence;
    expect(sentence('code_execution')).toContain(
      `$${tools['code_execution_usd_per_container_hour']} per container hour`,
    );
    expect(sentence('code_execution')).toContain(`at least ${tools['code_execution_min_minutes']} minutes`);
    expect(sentence('code_execution')).toContain(
      `${tools['code_execution_free_hours_per_org_month']?.toLocaleString('en-US')} free hours`,
    );
    expect(sentence('managed_agents')).toContain(`$${tools['managed_agents_usd_per_session_hour']} per session hour`);
    for (const { sentence: words, source } of notMetered)
      expect([words.endsWith('.'), source !== '']).toEqual([true, true]);
  });
});
