/** The pace of requests: never over the limit in any second, all of it used, slower by Stripe's headers and back again. */
import { describe, expect, it } from 'vitest';

import { createPace, type Pace } from '../../../main/sync/pace.ts';
import { createDrivenClock, type DrivenClock } from '../../kit/driven-clock.ts';
import { createRandom } from '../../kit/seeded-random.ts';

const limits = { perSecond: 1_000, underWayMax: 300 };
const tooMany = (of?: 'rate' | 'concurrency', retryAfterMs: number | null = null) =>
  ({ kind: 'rate_limited', reason: 'r', retryAfterMs, ...(of === undefined ? {} : { of }) }) as const;

/** Takes as much as there is for so long, asked again whenever the pace says; returns when each request left. */
function sendFor(pace: Pace, clock: DrivenClock, forMs: number, stallMs: () => number = () => 0): number[] {
  const endMs = clock.monotonicMs() + forMs;
  const left: number[] = [];
  while (clock.monotonicMs() < endMs) {
    const count = pace.take(Infinity, 0);
    for (let index = 0; index < count; index++) left.push(clock.monotonicMs());
    clock.advance((count > 0 ? 0 : pace.waitMs()) + stallMs());
  }
  return left;
}

function mostInASecond(left: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, atMs] of left.entries()) {
    while ((left[from] ?? 0) <= atMs - 1_000) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

describe('the pace', () => {
  it.each([25, 1_000])('of %i a second is nearly all of it, and never more in any second', (perSecond) => {
    const clock = createDrivenClock(0);
    const left = sendFor(createPace({ ...limits, perSecond }, clock), clock, 60_000);
    expect(left.length).toBeGreaterThanOrEqual(60 * perSecond * 0.95);
    expect(mostInASecond(left)).toBeLessThanOrEqual(perSecond);
  });

  it('catches up with what a stall left, within the limit', () => {
    const clock = createDrivenClock(0);
    const random = createRandom(1);
    const stall = () => (random.chance(0.01) ? random.below(120) : 0);
    const left = sendFor(createPace(limits, clock), clock, 60_000, stall);
    expect(left.length).toBeGreaterThanOrEqual(60 * 1_000 * 0.95);
    expect(mostInASecond(left)).toBeLessThanOrEqual(1_000);
  });

  it.each(['rate', 'concurrency'] as const)(
    'gives way when Stripe names a limit of %s, once for a burst, and comes back',
    (of) => {
      const clock = createDrivenClock(0);
      const pace = createPace(limits, clock);
      const most = () => (of === 'rate' ? sendFor(pace, clock, 1_000).length : widest(pace, clock));
      expect(most()).toBeGreaterThan(of === 'rate' ? 900 : 299);
      for (let answer = 0; answer < 20; answer++) pace.note(tooMany(of));
      const slower = most();
      expect(slower).toBeLessThan(of === 'rate' ? 850 : 260);
      expect(slower).toBeGreaterThan(of === 'rate' ? 600 : 220);
      clock.advance(10_000);
      expect(most()).toBeGreaterThan(of === 'rate' ? 900 : 299);
    },
  );

  it('stops until the time that Stripe names, of a limit of the account', () => {
    const clock = createDrivenClock(0);
    const pace = createPace(limits, clock);
    pace.note(tooMany('rate', 3_000));
    expect(pace.waitMs()).toBe(3_000);
    expect(sendFor(pace, clock, 2_900)).toEqual([]);
    expect(sendFor(pace, clock, 2_000).length).toBeGreaterThan(500);
  });

  it('stops for minutes where Stripe says so, and for an hour at most', () => {
    const clock = createDrivenClock(0);
    const pace = createPace(limits, clock);
    pace.note(tooMany('rate', 90_000));
    expect(pace.waitMs()).toBe(90_000);
    pace.note(tooMany('rate', 7_200_000));
    expect(pace.waitMs()).toBe(3_600_000);
    // An answer of the same burst that asks for less.
    pace.note(tooMany('rate', 1_000));
    expect(pace.waitMs()).toBe(3_600_000);
  });

  it('says what is left of a pause that is too long to be waited for in place', () => {
    const clock = createDrivenClock(0);
    const pace = createPace(limits, clock);
    pace.note(tooMany('rate', 3_000));
    expect(pace.longPauseMs()).toBe(0);
    pace.note(tooMany('concurrency', 90_000));
    clock.advance(10_000.25);
    expect(pace.longPauseMs()).toBe(80_000);
    clock.advance(80_000);
    expect(pace.longPauseMs()).toBe(0);
  });

  it('goes on when the answer is about one customer and meter: a 409, a lock timeout, a specific resource', () => {
    const clock = createDrivenClock(0);
    const pace = createPace(limits, clock);
    pace.note(tooMany(undefined, 60_000));
    pace.note({ kind: 'busy', reason: 'concurrent', retryAfterMs: 60_000 });
    expect(sendFor(pace, clock, 2_000).length).toBeGreaterThan(1_900);
  });

  it('gives back what was taken and not sent', () => {
    const clock = createDrivenClock(0);
    const pace = createPace({ perSecond: 25, underWayMax: 8 }, clock);
    clock.advance(1_000);
    const taken = pace.take(8, 0);
    expect(taken).toBeGreaterThan(0);
    pace.giveBack(taken);
    expect(pace.take(8, 0)).toBe(taken);
  });
});

/** With a second's requests saved up: how many go at once beside one another. */
function widest(pace: Pace, clock: DrivenClock): number {
  let underWay = 0;
  for (let round = 0; round < 100; round++) {
    clock.advance(10);
    underWay += pace.take(Infinity, underWay);
  }
  return underWay;
}
