/** The screens' own reckoning and sentences. */
import { describe, expect, it } from 'vitest';

import type { MonthView, Spend } from '../../../shared/contract/api.ts';
import type { Sum } from '../../../shared/spend-words.ts';
import { pagesOfText, shortModelName, tokensInWords } from '../../../shared/plain-words.ts';
import { seriesOf, stackDays } from '../../../renderer/charts/days-chart.tsx';
import { howItEnded } from '../../../renderer/views/calls/ending-words.ts';
import { exactUsd, unitPriceInWords } from '../../../renderer/views/calls/line-words.ts';
import { cacheHitPercent, change, comparison } from '../../../renderer/views/month/comparison.ts';

const spend = (costNanoUsd: number, calls = 1): Spend => ({
  costNanoUsd,
  calls,
  failedCalls: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  inputTokens: 100,
  cacheWriteTokens: 100,
  cacheReadTokens: 200,
  outputTokens: 1,
});

describe('a month', () => {
  const view = {
    month: '2026-11',
    total: spend(4e9),
    previous: { month: '2026-10', total: spend(3e9), comparedDays: 24 },
    days: Array.from({ length: 30 }),
  } as unknown as MonthView;
  const sum = (costNanoUsd: number, unpricedCalls = 0): Sum => ({ costNanoUsd, unpricedCalls });
  it('is compared with as many days of the month before', () => {
    expect(comparison(view)).toBe('$1.00 more than the first 24 days of October ($3.00).');
    expect(comparison({ ...view, total: spend(3e9) })).toBe('Exactly as much as the first 24 days of October ($3.00).');
    expect(comparison({ ...view, previous: { ...view.previous, total: spend(0, 0), comparedDays: 30 } })).toBe(
      'There were no calls in October to compare with.',
    );
  });
  it('says changes and cache hits in percent', () => {
    const texts = [
      change(sum(131), sum(100)),
      change(sum(78), sum(100)),
      change(sum(5), sum(0)),
      change(sum(9), sum(9)),
    ];
    expect(texts.map(({ text }) => text)).toEqual(['+31 %', '−22 %', '–', '±0 %']);
    expect(texts.some(({ isPart }) => isPart)).toBe(false);
    expect(cacheHitPercent(spend(1))).toBe(50);
  });
  it('says what is unpriced in it, and never compares what has no price as if it were nothing', () => {
    const unpriced = (costNanoUsd: number, unpricedCalls: number) => ({ ...spend(costNanoUsd, 9), unpricedCalls });
    expect(
      comparison({ ...view, total: unpriced(4e9, 3), previous: { ...view.previous, total: unpriced(3e9, 1) } }),
    ).toBe(
      '$1.00 more than the first 24 days of October ($3.00 + 1 call unpriced), without the 3 calls unpriced in November and the 1 call unpriced in October.',
    );
    expect(comparison({ ...view, total: unpriced(0, 3) })).toBe(
      'It cannot be compared with the first 24 days of October ($3.00).',
    );
    expect(change(sum(131, 1), sum(100))).toEqual({ text: '+31 %', isPart: true });
    expect(change(sum(131), sum(100, 1))).toEqual({ text: '+31 %', isPart: true });
    expect(change(sum(0, 4), sum(100))).toEqual({ text: '–', isPart: false });
  });
  it('draws what has no colour of its own as others', () => {
    const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => ({
      key,
      spend: spend(1),
      previous: { costNanoUsd: 0, unpricedCalls: 0 },
    }));
    const parts = [
      { key: 'a', costNanoUsd: 5 },
      { key: 'e', costNanoUsd: 2 },
      { key: 'f', costNanoUsd: 3 },
    ];
    const month = { ...view, rows, days: [{ day: '2026-11-01', costNanoUsd: 10, unpricedCalls: 2, parts }] };
    const series = seriesOf(month, (key) => key ?? 'unassigned');
    expect(series.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd', 'others']);
    expect(stackDays(month, series)).toEqual([{ day: '2026-11-01', values: [5, 0, 0, 0, 5], unpricedCalls: 2 }]);
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

describe('how a call ended', () => {
  const call = {
    status: 'partial',
    errorType: 'client_left',
    isEstimated: true,
    model: 'claude-sonnet-5-5',
    requestedModel: null,
    passCount: 1,
    source: 'proxy',
  } as const;

  it('says of a cut answer what is exact, what is estimated and how far off that may be', () => {
    expect(howItEnded(call)).toBe(
      'The client left before the end. Its input is exact; its output is estimated from what had been sent, typically off by 12 % where the answer was nearly whole and by 45 % where it had just begun.',
    );
    expect(howItEnded({ ...call, errorType: 'upstream_cut', isEstimated: false })).toBe(
      'The answer was cut off. Its counts are those that Anthropic told at the end, exact.',
    );
    expect(howItEnded({ ...call, passCount: 0 })).toBe(
      'The client left before the end. Nothing is known of its tokens.',
    );
  });

  it('says of a transcript’s call why its counts may not be the last', () => {
    const told = { ...call, status: 'complete', errorType: null } as const;
    expect(howItEnded({ ...told, isEstimated: false })).toBe('sonnet 5.5 answered in full.');
    expect(howItEnded({ ...told, source: 'claude_code' })).toBe(
      'sonnet 5.5 answered in full. Its transcript does not say why it stopped, so its counts may be from before the end.',
    );
  });
});
