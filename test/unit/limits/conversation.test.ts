/** A conversation's economics and warnings, turn by turn: the cache with both lifetimes, each warning once, with its number and remedy. */
import { describe, expect, it } from 'vitest';

import { noTurns, type ConversationState, type Turn } from '../../../main/limits/conversation-state.ts';
import { economicsOf } from '../../../main/limits/economics.ts';
import { warningHeader, warningsBefore, warningsOf, type Warning } from '../../../main/limits/warnings.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { priceUsage } from '../../../shared/pricing/price.ts';
import { readUsage } from '../../../shared/usage.ts';
import { minuteMs, noon, opus, turnOf } from '../../kit/limit-calls.ts';

const usd = 1_000_000_000;
const rules = { limitTokens: 100_000, paceNanoUsd: 10 * usd, book: currentBook };

function run(turns: readonly Turn[], given: Partial<typeof rules> = {}, start: ConversationState = noTurns) {
  let state = start;
  const told: Warning[][] = [];
  for (const turn of turns) {
    const step = warningsOf(state, turn, { ...rules, ...given });
    state = step.state;
    told.push([...step.warnings]);
  }
  return { state, told, causes: told.map((list) => list.map(({ cause }) => cause)) };
}

const priced = (turn: Turn): Turn => {
  const usage = { ...readUsage({}), ...turn.counts };
  const price = priceUsage({ model: turn.model, usage, stopReason: 'end_turn', atMs: turn.startedAtMs }, currentBook);
  return { ...turn, costNanoUsd: price.kind === 'priced' ? price.costNanoUsd : null };
};
const at = (minutes: number) => ({ startedAtMs: noon + minutes * minuteMs });
const economics = (state: ConversationState, minutes: number, limitTokens: number | null = 100_000) =>
  economicsOf(state, { model: opus, limitTokens, nowMs: noon + minutes * minuteMs }, currentBook);

describe('the economics of a conversation', () => {
  const { state } = run([
    turnOf({ cacheWrite5mTokens: 20_000, outputTokens: 1_000 }, at(0)),
    turnOf({ cacheReadTokens: 20_000, cacheWrite5mTokens: 5_000, outputTokens: 1_000 }, at(1)),
    turnOf({ cacheReadTokens: 25_000, cacheWrite5mTokens: 5_000, outputTokens: 1_000 }, at(2)),
  ]);

  it('are its tokens against the limit and the window, its growth, its cost and its cache', () => {
    expect(economics(state, 3)).toMatchObject({
      contextTokens: 31_000,
      limitTokens: 100_000,
      windowTokens: 1_000_000,
      growthTokens: 5_000,
      turnsToLimit: 13,
      turns: 3,
      costNanoUsd: 30_000_000,
      cache: { readShare: 25 / 30, warmTokens: 30_000, expiresAtMs: noon + 7 * minuteMs },
    });
  });

  it('tell what the next turn costs while the cache is warm, and after', () => {
    const { nextTurn } = economics(state, 3);
    // 30,000 read, 5,000 written and 1,000 answered; then 35,000 written.
    expect(nextTurn.costNanoUsd).toBe(30_000 * 200 + 5_000 * 5_000 + 1_000 * 20_000);
    expect(nextTurn.costAfterExpiryNanoUsd).toBe(35_000 * 5_000 + 1_000 * 20_000);
    const cold = economics(state, 7);
    expect(cold.cache).toMatchObject({ warmTokens: 0, expiresAtMs: null });
    expect(cold.nextTurn.costNanoUsd).toBe(nextTurn.costAfterExpiryNanoUsd);
  });

  it('know the part of one hour from the part of five minutes, by the split of the answers', () => {
    const mixed = run([
      turnOf({ cacheWrite1hTokens: 8_000, cacheWrite5mTokens: 2_000 }, at(0)),
      turnOf({ cacheReadTokens: 10_000, cacheWrite5mTokens: 3_000 }, at(4)),
    ]).state;
    expect(economics(mixed, 8).cache).toMatchObject({ warmTokens: 13_000, expiresAtMs: noon + 9 * minuteMs });
    expect(economics(mixed, 10).cache).toMatchObject({ warmTokens: 8_000, expiresAtMs: noon + 64 * minuteMs });
    expect(economics(mixed, 64).cache).toMatchObject({ warmTokens: 0, expiresAtMs: null });
    // What was read after the five minutes were over is the part of one hour alone, and lives on.
    const later = run([turnOf({ cacheReadTokens: 8_000, cacheWrite5mTokens: 6_000 }, at(30))], {}, mixed).state;
    expect(economics(later, 80).cache).toMatchObject({ warmTokens: 8_000, expiresAtMs: noon + 90 * minuteMs });
  });

  it('tell the cost after the part that goes next, not after all of the cache', () => {
    const mixed = run([turnOf({ cacheWrite1hTokens: 8_000, cacheWrite5mTokens: 2_000, outputTokens: 1_000 }, at(0))]);
    const { cache, nextTurn } = economics(mixed.state, 1);
    expect(cache.expiresAtMs).toBe(noon + 5 * minuteMs);
    // 8,000 are read for an hour still; the rest of the 11,000 is written.
    expect(nextTurn.costAfterExpiryNanoUsd).toBe(8_000 * 200 + 3_000 * 5_000 + 1_000 * 20_000);
    expect(nextTurn.costAfterExpiryNanoUsd).toBe(economics(mixed.state, 5).nextTurn.costNanoUsd);
  });

  it('count the part of one hour once when it had to be written again', () => {
    const again = [turnOf({ cacheWrite1hTokens: 8_000 }, at(0)), turnOf({ cacheWrite1hTokens: 8_000 }, at(90))];
    expect(economics(run(again).state, 91).cache.warmTokens).toBe(8_000);
  });

  it('leave open what is not known: no limit, no book entry, no growth, no turn', () => {
    expect(economics(state, 3, null)).toMatchObject({ limitTokens: null, turnsToLimit: null });
    const unknown = economicsOf(state, { model: 'claude-next-9', limitTokens: 1, nowMs: noon }, currentBook);
    expect(unknown).toMatchObject({
      windowTokens: null,
      nextTurn: { costNanoUsd: null, costAfterExpiryNanoUsd: null },
    });
    expect(economics(noTurns, 0)).toMatchObject({
      growthTokens: null,
      cache: { readShare: null },
      nextTurn: { costNanoUsd: null },
    });
    const unpriced = run([turnOf({ inputTokens: 5 }, { costNanoUsd: null })]).state;
    expect(unpriced).toMatchObject({ costNanoUsd: 0, unpricedTurns: 1 });
  });

  it('are not changed by a call that failed', () => {
    expect(run([turnOf({ outputTokens: 0 })], {}, state).state).toBe(state);
  });
});

describe('a warning of the context', () => {
  const context = (tokens: number) => turnOf({ inputTokens: tokens }, { costNanoUsd: null });

  it('comes at 50, 75 and 90 percent, each once, whatever comes after', () => {
    const sizes = [49_000, 51_000, 60_000, 76_000, 40_000, 77_000, 91_000, 99_000].map(context);
    const { causes } = run(sizes);
    expect(causes).toEqual([[], ['context_50'], [], ['context_75'], [], [], ['context_90'], []]);
  });

  it('of a turn that passes several is the highest alone, and the lower ones do not follow', () => {
    expect(run([context(92_000), context(60_000), context(80_000)]).causes).toEqual([['context_90'], [], []]);
  });

  it('has the number, what it means and a remedy', () => {
    expect(run([context(75_500)]).told[0]).toEqual([
      {
        cause: 'context_75',
        sentence: 'This conversation holds 75,500 tokens (about 84 pages of text), 75 % of its limit of 100,000.',
        remedy: expect.stringContaining('Compact it') as string,
        number: { value: 75_500, unit: 'tokens' },
      },
    ]);
  });

  it('can come before the turn, from the estimate, and then does not come again after it', () => {
    const { state, warnings } = warningsBefore(noTurns, 80_000, 100_000);
    expect(warnings.map(({ cause }) => cause)).toEqual(['context_75']);
    expect(run([context(80_000)], {}, state).causes).toEqual([[]]);
    expect(warningsBefore(noTurns, 80_000, null).warnings).toEqual([]);
  });
});

describe('a warning of the cost', () => {
  const turn = (cents: number, minutes: number) =>
    turnOf({ inputTokens: 1_000 }, { costNanoUsd: cents * 10_000_000, ...at(minutes) });

  it('comes once when a turn costs twice what one cost until then', () => {
    const { causes, told } = run([turn(6, 0), turn(5, 60), turn(11, 120), turn(12, 180), turn(30, 240)]);
    expect(causes).toEqual([[], [], ['turn_cost_doubled'], [], []]);
    expect(told[2]?.[0]?.sentence).toBe('A turn of this conversation cost $0.11; until now one cost $0.050.');
  });

  it('does not come over cents', () => expect(run([turn(1, 0), turn(3, 60)]).causes).toEqual([[], []]));

  it('tells when the pace reaches the amount: in 14 minutes', () => {
    // A dollar every two minutes: $3 after four minutes, $7 to go.
    const { causes, told } = run([turn(100, 0), turn(100, 2), turn(100, 4), turn(100, 6)], { limitTokens: 0 });
    expect(causes.map((list) => list.filter((cause) => cause === 'spend_pace'))).toEqual([[], [], ['spend_pace'], []]);
    const pace = told[2]?.find(({ cause }) => cause === 'spend_pace');
    expect(pace?.sentence).toBe('At this pace this conversation reaches $10.00 in 14 minutes; it has cost $3.00.');
    expect(pace?.number).toEqual({ value: 14, unit: 'minutes' });
  });

  it('does not tell a pace that is slow, or of a conversation that has cost little', () => {
    expect(run([turn(100, 0), turn(100, 60), turn(100, 120)]).causes.flat()).toEqual([]);
    expect(run([turn(10, 0), turn(10, 1), turn(10, 2)]).causes.flat()).toEqual([]);
  });
});

describe('a cache hit that became a miss', () => {
  const first = turnOf({ cacheWrite5mTokens: 40_000 }, at(0));
  const second = (more: Partial<Turn>, read = 0) =>
    priced(turnOf({ cacheReadTokens: read, cacheWrite5mTokens: 41_000 - read }, { ...at(1), ...more }));
  const changed = (what: object) => ({ changed: { system: false, tools: false, history: false, ...what } });

  it.each([
    ['cache_miss_expired', at(6)],
    ['cache_miss_model', { model: 'claude-opus-4-8', ...at(6) }],
    ['cache_miss_tools', changed({ tools: true, history: true })],
    ['cache_miss_prefix', changed({ system: true })],
    ['cache_miss_prefix', changed({ history: true })],
    ['cache_miss_unknown', {}],
  ])('says why: %s', (cause, more) => {
    expect(
      run([first, second(more)], { limitTokens: 1_000_000 }).causes[1]?.filter(
        (found) => found !== 'turn_cost_doubled',
      ),
    ).toEqual([cause]);
  });

  it('tells what it cost, and comes once for each reason', () => {
    const expired = second(at(6));
    const { told, causes } = run([first, expired, second(at(20)), second({ ...at(21), ...changed({ tools: true }) })], {
      limitTokens: 1_000_000,
    });
    const miss = told[1]?.find(({ cause }) => cause === 'cache_miss_expired');
    // 40,000 tokens written at $5 instead of read at $0.20 a million.
    expect(miss?.number).toEqual({ value: 40_000 * 4_800, unit: 'nano_usd' });
    expect(miss?.sentence).toBe(
      '40,000 tokens of this conversation were not read from the cache, because the cache expired, which cost $0.192 more.',
    );
    expect(causes.slice(2).map((list) => list.filter((cause) => cause.startsWith('cache_miss')))).toEqual([
      [],
      ['cache_miss_tools'],
    ]);
  });

  it('is none when most was read, when little was cached, or when the prompt became short', () => {
    const wide = { limitTokens: 1_000_000 };
    expect(run([first, second({}, 39_000)], wide).causes[1]).toEqual([]);
    expect(
      run([turnOf({ cacheWrite5mTokens: 1_500 }, at(0)), second(at(6))], wide).causes[1]?.filter((cause) =>
        cause.startsWith('cache'),
      ),
    ).toEqual([]);
    expect(run([first, turnOf({ inputTokens: 800 }, at(6))], wide).causes[1]).toEqual([]);
  });
});

describe('sixty turns whose cache expires twice', () => {
  it('are told the limit at each step and the expiry once, and the gauge follows them to the end', () => {
    let minutes = 0;
    let cached = 0;
    const turns = Array.from({ length: 60 }, (_, index) => {
      const isExpired = index === 20 || index === 40;
      minutes += isExpired ? 7 : 1;
      const prompt = 2_000 + index * 1_600;
      const read = isExpired ? 0 : cached;
      cached = prompt;
      return priced(
        turnOf({ cacheReadTokens: read, cacheWrite5mTokens: prompt - read, outputTokens: 400 }, at(minutes)),
      );
    });
    const { state, causes } = run(turns, { paceNanoUsd: 100 * usd });
    const when = (cause: string) =>
      causes.flatMap((list, index) => (list.some((found) => found === cause) ? [index] : []));
    expect(when('cache_miss_expired')).toEqual([20]);
    expect(when('turn_cost_doubled')).toEqual([20]);
    expect(when('context_50')).toEqual([30]);
    expect(when('context_75')).toEqual([46]);
    expect(when('context_90')).toEqual([55]);
    expect(causes.flat()).toHaveLength(5);
    const now = economics(state, minutes + 1);
    expect(now).toMatchObject({ contextTokens: 96_800, turns: 60, growthTokens: 1_600, turnsToLimit: 2 });
    expect(now.costNanoUsd).toBe(turns.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0));
    expect(state.recent).toHaveLength(10);
  });
});

describe('the header', () => {
  it('is one line of ASCII, and none when there is nothing to say', () => {
    const warning = {
      cause: 'context_50',
      sentence: 'Zwölf\r\nx-evil: 1 – tokens',
      remedy: '',
      number: { value: 1, unit: 'tokens' },
    } as const;
    expect(warningHeader([])).toBeNull();
    expect(warningHeader([warning])).toMatch(/^[\x20-\x7e]+$/);
    expect(warningHeader(Array.from({ length: 100 }, () => warning))).toHaveLength(500);
  });
});
