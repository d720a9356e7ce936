/**
 * How fast requests may leave for Stripe, and how many may be under way. Promises: never more than the limit in any second, spread evenly, and a stall
 * is caught up with only as far as its own second had room. Decides nothing about events.
 *
 * A 429 that names a rate (`global-rate`, `endpoint-rate`) makes it slower by a quarter, one that names a concurrency (`global-concurrency`,
 * `endpoint-concurrency`) narrower by a quarter; once a second at most, since the answers of one burst are one sign. A `retry-after` stops it until
 * then, and a shorter one of the same burst takes nothing back. Both come back by a tenth of the limit a second. Any other 429 (`resource-specific`, a
 * lock timeout without the header) and a 409 are about one customer and meter: only that event waits (decide.ts). Source: facts/stripe.md section 1.
 */
import type { Clock } from '../system/clock.ts';
import type { StripeAnswer } from './decide.ts';

export type PaceLimits = {
  /** Requests a second. */
  readonly perSecond: number;
  /** Requests under way at once. */
  readonly underWayMax: number;
};

export type Pace = {
  /** How many of `wanted` requests may leave now beside those under way; they count as sent. */
  readonly take: (wanted: number, underWay: number) => number;
  /** Taken, and not sent after all. */
  readonly giveBack: (count: number) => void;
  /** Until the next may leave. */
  readonly waitMs: () => number;
  /** What is left of a pause that Stripe asks for, in whole milliseconds, where that is too long to be waited for in place; else 0. */
  readonly longPauseMs: () => number;
  readonly note: (answer: StripeAnswer) => void;
};

/** Below the limit by what two clocks and a network can shift a request by. */
const safety = 0.985;
const windowMs = 1_000;
/** Between the even pace and the limit: room for what a stall left. */
const windowSlack = 1.005;
/** Requests leave together in groups of so much time, so that the ledger is asked for several at once. */
const groupMs = 10;
/** What a stall may leave to be caught up with. */
const savedMs = 150;
const slowerFactor = 3 / 4;
const recoveryPerSecond = 0.1;
const slowestFactor = 0.01;
/** As long as Stripe may say (stripe.ts): a wait beyond it is nobody's. */
const pauseMaxMs = 3_600_000;
/** Nobody minds a drain, or a person's sync, that waits for so long. */
const shortPauseMs = 5_000;

export function pauseSentence(untilMs: number): string {
  const until = new Date(Math.ceil(untilMs / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ');
  return `Stripe asks for a pause until ${until} UTC.`;
}

export function createPace({ perSecond, underWayMax }: PaceLimits, clock: Pick<Clock, 'monotonicMs'>): Pace {
  const rate = createFactor(clock);
  const width = createFactor(clock);
  const recent = createWindow(clock);
  let tokens = 1;
  let filledAtMs = clock.monotonicMs();
  let pausedUntilMs = 0;

  const perSecondNow = () => perSecond * safety * rate.now();
  const groupOf = () => Math.max(1, Math.floor((perSecondNow() * groupMs) / 1_000));

  /** A second's requests may be more than a slower pace allows: then there is no room until they are a second old. */
  const freeNow = () => Math.max(1, Math.floor(perSecondNow() * windowSlack)) - recent.count();

  const pauseMs = () => Math.max(0, pausedUntilMs - clock.monotonicMs());

  function refill(): void {
    const nowMs = clock.monotonicMs();
    const savedMax = Math.max(1, (perSecondNow() * savedMs) / 1_000);
    tokens = Math.min(savedMax, tokens + (perSecondNow() * (nowMs - filledAtMs)) / 1_000);
    filledAtMs = nowMs;
  }

  return {
    take: (wanted, underWay) => {
      refill();
      if (clock.monotonicMs() < pausedUntilMs) return 0;
      const room = Math.min(wanted, Math.max(1, Math.floor(underWayMax * width.now())) - underWay);
      const count = Math.min(room, freeNow(), Math.floor(tokens));
      if (count <= 0 || count < Math.min(groupOf(), room)) return 0;
      tokens -= count;
      recent.add(count);
      return count;
    },
    giveBack: (count) => {
      tokens += count;
      recent.add(-count);
    },
    waitMs: () => {
      refill();
      const missing = Math.max(0, groupOf() - tokens);
      const fullMs = freeNow() < 1 ? recent.nextLeavesInMs() : 0;
      return Math.max(1, pauseMs(), fullMs, Math.ceil((missing / perSecondNow()) * 1_000));
    },
    longPauseMs: () => (pauseMs() > shortPauseMs ? Math.ceil(pauseMs()) : 0),
    note: (answer) => {
      if (answer.kind !== 'rate_limited' || answer.of === undefined) return;
      (answer.of === 'rate' ? rate : width).lower();
      if (answer.of === 'rate') tokens = Math.min(tokens, 0);
      const askedMs = Math.min(pauseMaxMs, answer.retryAfterMs ?? 0);
      pausedUntilMs = Math.max(pausedUntilMs, clock.monotonicMs() + askedMs);
    },
  };
}

/** A part of a limit: lowered at once, and back to all of it little by little. */
function createFactor({ monotonicMs }: Pick<Clock, 'monotonicMs'>) {
  let factor = 1;
  let atMs = monotonicMs();
  let loweredAtMs = -Infinity;

  function now(): number {
    const nowMs = monotonicMs();
    factor = Math.min(1, factor + ((nowMs - atMs) / 1_000) * recoveryPerSecond);
    atMs = nowMs;
    return factor;
  }
  return {
    now,
    lower: () => {
      const nowMs = monotonicMs();
      if (nowMs - loweredAtMs < windowMs) return;
      factor = Math.max(slowestFactor, now() * slowerFactor);
      loweredAtMs = nowMs;
    },
  };
}

/** How many left within the last second. */
function createWindow({ monotonicMs }: Pick<Clock, 'monotonicMs'>) {
  const sent: { readonly atMs: number; count: number }[] = [];
  let total = 0;

  function forget(): void {
    const fromMs = monotonicMs() - windowMs;
    while (sent[0] !== undefined && sent[0].atMs <= fromMs) total -= sent.shift()?.count ?? 0;
  }
  return {
    count: () => {
      forget();
      return total;
    },
    nextLeavesInMs: () => (sent[0] === undefined ? 0 : Math.ceil(sent[0].atMs + windowMs - monotonicMs())),
    add: (count: number) => {
      const last = sent.at(-1);
      // What is given back so late is no part of this second any more.
      if (last === undefined && count < 0) return;
      if (last !== undefined && (count < 0 || last.atMs === monotonicMs())) last.count += count;
      else sent.push({ atMs: monotonicMs(), count });
      total += count;
    },
  };
}
