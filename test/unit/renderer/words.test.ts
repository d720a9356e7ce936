/** The screens' own reckoning and sentences. */
import { describe, expect, it } from 'vitest';

import type { MonthView, Spend } from '../../../shared/contract/api.ts';
import type { Conversation } from '../../../shared/contract/events.ts';
import { pagesOfText, shortModelName, tokensInWords } from '../../../shared/plain-words.ts';
import { seriesOf, stackDays } from '../../../renderer/charts/days-chart.tsx';
import { exactUsd, unitPriceInWords } from '../../../renderer/views/calls/line-words.ts';
import { gaugeShares, gaugeTone } from '../../../renderer/views/live/gauge.ts';
import { cacheHitPercent, change, comparison } from '../../../renderer/views/month/comparison.ts';

const spend = (costNanoUsd: number, calls = 1): Spend => ({
  costNanoUsd,
  calls,
  unpricedCalls: 0,
  estimatedCalls: 0,
  inputTokens: 100,
  cacheWriteTokens: 100,
  cacheReadTokens: 200,
  outputTokens: 1,
});

describe('the gauge', () => {
  const conversation = {
    cacheReadTokens: 60_000,
    cacheWriteTokens: 20_000,
    inputTokens: 11_000,
    limitTokens: 100_000,
  } as Conversation;
  it('shows the parts against the limit and asks to be looked at from 75 %', () => {
    expect(gaugeShares(conversation)).toEqual({ cacheRead: 60, cacheWrite: 20, input: 11, total: 91 });
    expect([gaugeTone(74), gaugeTone(75), gaugeTone(90)]).toEqual(['plain', 'look', 'stopped']);
  });
  it('never overflows, however full', () => {
    const { cacheRead, cacheWrite, input, total } = gaugeShares({ ...conversation, inputTokens: 320_000 });
    expect(cacheRead + cacheWrite + input).toBeCloseTo(100);
    expect(total).toBe(400);
  });
});

describe('a month', () => {
  const view = {
    month: '2026-11',
    total: spend(4e9),
    previous: { month: '2026-10', total: spend(3e9), comparedDays: 24 },
    days: Array.from({ length: 30 }),
  } as unknown as MonthView;
  it('is compared with as many days of the month before', () => {
    expect(comparison(view)).toBe('$1.00 more than the first 24 days of October ($3.00).');
    expect(comparison({ ...view, total: spend(3e9) })).toBe('Exactly as much as the first 24 days of October.');
    expect(comparison({ ...view, previous: { ...view.previous, total: spend(0, 0), comparedDays: 30 } })).toBe(
      'There were no calls in October to compare with.',
    );
  });
  it('says changes and cache hits in percent', () => {
    expect([change(131, 100), change(78, 100), change(5, 0), change(100, 100)]).toEqual([
      '+31 %',
      '−22 %',
      '–',
      '±0 %',
    ]);
    expect(cacheHitPercent(spend(1))).toBe(50);
  });
  it('draws what has no colour of its own as others', () => {
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => ({ key, spend: spend(1), previousCostNanoUsd: 0 }));
    const parts = [
      { key: 'a', costNanoUsd: 5 },
      { key: 'e', costNanoUsd: 2 },
      { key: 'f', costNanoUsd: 3 },
    ];
    const month = { ...view, rows, days: [{ day: '2026-11-01', costNanoUsd: 10, parts }] };
    const series = seriesOf(month, (key) => key ?? 'unassigned');
    expect(series.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd', 'others']);
    expect(stackDays(month, series)).toEqual([{ day: '2026-11-01', values: [5, 0, 0, 0, 5] }]);
  });
});

describe('a charge line', () => {
  it('shows every digit that counts', () => {
    expect(exactUsd(5_555_000)).toBe('$0.000005555');
    expect(exactUsd(20_000_000_000)).toBe('$0.020000');
    expect(exactUsd(-250)).toBe('−$0.00000000025');
    expect(unitPriceInWords('input', 2_500_000)).toBe('$2.50 per million');
    expect(unitPriceInWords('cache_read', 5_500)).toBe('$0.0055 per million');
    expect(unitPriceInWords('web_search', 10_000_000_000)).toBe('$0.01 each');
  });
});

describe('plain words', () => {
  it('say what tokens are', () => {
    expect([tokensInWords(180_000), tokensInWords(500), tokensInWords(100), tokensInWords(0)]).toEqual([
      'about 200 pages of text',
      'about a page of text',
      'about 3 sentences',
      'nothing',
    ]);
    expect(pagesOfText(4_700_000)).toBe(5_200);
    expect([
      shortModelName('claude-opus-5-5'),
      shortModelName('claude-haiku-4-5-20251001'),
      shortModelName('gpt-x'),
    ]).toEqual(['opus 5.5', 'haiku 4.5', 'gpt-x']);
  });
});
