/** The gauge's geometry and words, the countdown of the cache, and which conversations stand still: the pure parts of the conversation's card. */
import { describe, expect, it } from 'vitest';

import { badgesOf } from '../../../renderer/data/badges.ts';
import { stoppedAt, stoppedElsewhere } from '../../../renderer/data/stopped.ts';
import {
  cacheNotice,
  cacheStanding,
  countdown,
  timesAsMuch,
  type CachedConversation,
} from '../../../renderer/views/live/cache-words.ts';
import {
  gaugeInWords,
  gaugeShares,
  gaugeTone,
  isNearlyFull,
  percentInWords,
  shareInWords,
  shortTokens,
} from '../../../renderer/views/live/gauge.ts';
import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import type { BudgetWarningRow, RefusedCall } from '../../../shared/contract/limits-view.ts';
import { formatExpectedUsd } from '../../../shared/money.ts';

const context = {
  cacheReadTokens: 60_000,
  cacheWriteTokens: 20_000,
  inputTokens: 11_000,
  limitTokens: 100_000,
  windowTokens: 1_000_000,
};
const sized = (inputTokens: number) =>
  gaugeShares({ ...context, cacheReadTokens: 0, cacheWriteTokens: 0, inputTokens });

describe('the gauge', () => {
  it('shows the parts against the limit', () => {
    expect(gaugeShares(context)).toMatchObject({
      cacheRead: 60,
      cacheWrite: 20,
      input: 11,
      total: 91,
      against: 'limit',
    });
  });

  it('asks to be looked at from 50 %, with its whole card from 75 %, and never by itself in red', () => {
    const sizes = [49_999, 50_000, 74_999, 75_000, 90_000, 130_000].map(sized);
    expect(sizes.map(gaugeTone)).toEqual(['plain', 'look', 'look', 'look', 'look', 'look']);
    expect(sizes.map(isNearlyFull)).toEqual([false, false, false, true, true, true]);
  });

  it('never claims a step before it is reached', () => {
    expect(shareInWords(sized(89_999))).toBe('89 % of limit');
    expect(shareInWords(sized(99_999))).toBe('99 % of limit');
    expect(shareInWords(sized(325))).toBe('under 1 % of limit');
  });

  it('never overflows, however full', () => {
    const { cacheRead, cacheWrite, input, total } = gaugeShares({ ...context, inputTokens: 320_000 });
    expect(cacheRead + cacheWrite + input).toBeCloseTo(100);
    expect(total).toBe(400);
  });

  it('measures against the window where no limit is set, and claims nothing where neither is known', () => {
    const window = gaugeShares({ ...context, limitTokens: null });
    expect(window).toMatchObject({ total: 9, against: 'window', scaleTokens: 1_000_000 });
    expect([shareInWords(window), gaugeTone({ ...window, total: 95 })]).toEqual(['9 % of window', 'plain']);
    const unknown = gaugeShares({ ...context, limitTokens: null, windowTokens: null });
    expect([unknown.total, shareInWords(unknown)]).toEqual([null, 'no limit']);
    expect(unknown.cacheRead + unknown.cacheWrite + unknown.input).toBeCloseTo(100);
  });

  it('is said in a sentence to those who do not see it', () => {
    expect(gaugeInWords(context)).toBe(
      '91,000 tokens, about 100 pages of text, 91 % of the limit of 100,000; 60,000 read from the cache, 20,000 written to it, 11,000 neither',
    );
  });

  it('never calls a share that is there none', () => {
    expect([percentInWords(6_904, 1_000_000), percentInWords(91_204, 1_000_000), percentInWords(0, 1_000_000)]).toEqual(
      ['under 1 %', '9 %', '0 %'],
    );
  });

  it('has short numbers under it', () => {
    expect([100_000, 112_500, 2_500, 900, 1_000_000].map(shortTokens)).toEqual(['100K', '113K', '2.5K', '900', '1M']);
  });
});

const nowMs = Date.parse('2026-11-24T12:00:00Z');
const cent = 10_000_000;
const cached = (leftMs: number | null, costNanoUsd: number | null, later: number | null): CachedConversation => ({
  cache: {
    readShare: 0.88,
    warmTokens: leftMs === null ? 0 : 80_000,
    lifetime: '5m',
    expiresAtMs: leftMs === null ? null : nowMs + leftMs,
  },
  nextTurn: { costNanoUsd, costAfterExpiryNanoUsd: later },
});

describe('the cache of a conversation', () => {
  it('is counted down to its end and not below', () => {
    expect([72_000, 71_001, 9_000, 0, -5_000, 3_600_000].map(countdown)).toEqual([
      '1:12',
      '1:12',
      '0:09',
      '0:00',
      '0:00',
      '1:00:00',
    ]);
  });

  it('is said with its price when little time is left to act', () => {
    expect(cacheNotice(cached(72_000, 14 * cent, 51 * cent), nowMs)).toBe(
      'Its cache expires in 1:12; the next turn then costs 3.6 times as much, about $0.51 instead of $0.14. Send it now, or begin a new one with a summary.',
    );
  });

  it('is not worth a sentence while there is time, for less than a cent, for little more, without a price, or once it is gone', () => {
    const silent = [
      cached(121_000, 14 * cent, 51 * cent),
      cached(72_000, cent / 10, cent),
      cached(72_000, 40 * cent, 51 * cent),
      cached(72_000, null, null),
      cached(null, 51 * cent, 51 * cent),
    ];
    expect(silent.map((conversation) => cacheNotice(conversation, nowMs))).toEqual(silent.map(() => null));
  });

  it('stands warm, gone or unused', () => {
    expect(cacheStanding(cached(1_000, 1, 1), nowMs)).toEqual({ kind: 'warm', leftMs: 1_000 });
    expect(cacheStanding(cached(-1_000, 1, 1), nowMs)).toEqual({ kind: 'gone' });
    const unused = { cache: { readShare: 0, warmTokens: 0, lifetime: null, expiresAtMs: null } };
    expect(cacheStanding(unused, nowMs)).toEqual({ kind: 'unused' });
  });

  it('costs so many times as much, or about the same', () => {
    expect([
      timesAsMuch(10, 36),
      timesAsMuch(10, 128),
      timesAsMuch(10, 10),
      timesAsMuch(0, 5),
      timesAsMuch(null, 5),
    ]).toEqual(['3.6 times as much', '13 times as much', null, null, null]);
  });

  it('has expected costs of no more digits than an expectation has', () => {
    expect([140_000_000, 23_400_000, 812_000, 12_400_000_000, 0].map(formatExpectedUsd)).toEqual([
      '$0.14',
      '$0.023',
      '$0.00081',
      '$12.40',
      '$0.00',
    ]);
  });
});

const stop = (id: string, conversation: string | null, atMs: number): RefusedCall => ({
  id,
  atMs,
  cause: 'context_limit',
  member: 'alice',
  project: 'webshop',
  conversation,
  model: 'claude-opus-5-5',
  sentence: 'prompt is too long: 104000 tokens > 100000 maximum.',
  wouldCostNanoUsd: 51 * cent,
  letOn: null,
});

describe('a stopped conversation', () => {
  const talk = { id: 'talk', lastAtMs: nowMs, letOn: null };
  const refused = [stop('c3', null, nowMs + 3), stop('c2', 'talk', nowMs + 2), stop('c1', 'talk', nowMs + 1)];

  it('stands at its newest stopped call until a turn comes through or somebody lets it on', () => {
    expect(stoppedAt(talk, refused)?.id).toBe('c2');
    expect(stoppedAt({ ...talk, lastAtMs: nowMs + 5 }, refused)).toBeNull();
    expect(stoppedAt({ ...talk, letOn: { untilMs: null } }, refused)).toBeNull();
    expect(stoppedAt({ ...talk, id: 'other' }, refused)).toBeNull();
  });

  it('is shown once: on its card, or else in the list, with how many calls were stopped', () => {
    const ids = (known: (typeof talk)[], shown: string[]) =>
      stoppedElsewhere(refused, known, shown).map(({ newest, calls }) => [newest.id, calls]);
    expect(ids([], [])).toEqual([
      ['c3', 1],
      ['c2', 2],
    ]);
    expect(ids([talk], ['talk'])).toEqual([['c3', 1]]);
    expect(ids([{ ...talk, lastAtMs: nowMs + 5 }], [])).toEqual([['c3', 1]]);
  });

  it('puts a badge on the rail, as do spent budgets and events that cannot be sent', () => {
    const warning = (percent: BudgetWarningRow['percent']) => ({ of: 'team', whose: null, per: 'day', percent });
    const snapshot = {
      refused,
      conversations: [],
      budgetWarnings: [warning(100), warning(80)],
      stripe: { state: 'offline', waitingEvents: 1_200 },
    } as unknown as LiveSnapshot;
    expect(badgesOf(snapshot)).toEqual({ Live: '1 stopped', Limits: '1 spent', Stripe: '1,200 wait' });
    expect(badgesOf(null)).toEqual({});
  });

  it('puts none there once it is let on, though it has no card and no call came since', () => {
    const letOn = refused.map((call) => ({ ...call, letOn: call.conversation === null ? null : { untilMs: null } }));
    const snapshot = {
      refused: letOn,
      conversations: [],
      budgetWarnings: [],
      stripe: { state: 'ok', waitingEvents: 0 },
    } as unknown as LiveSnapshot;
    expect(badgesOf(snapshot)).toEqual({});
  });
});
