/**
 * The running sums of the meter: today, this month, the last hour by minute, the last 60 seconds. Starts from the ledger's rollups and adds
 * each settled call after its commit, so it never shows money that is not on the disk. Days turn over by the clock it is given.
 */
import type { CallRow, Spend } from '../../shared/contract/api.ts';
import type { LiveSnapshot } from '../../shared/contract/events.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { minuteOf, monthOfDay, type DayOf } from '../../shared/period.ts';
import type { Sum } from '../../shared/spend-words.ts';
import { promptTokens } from '../../shared/usage.ts';

const minutesShown = 60;
const minuteMs = 60_000;

export type SpendSums = Pick<LiveSnapshot, 'today' | 'month' | 'minutes' | 'lastMinute'>;

export type SpendStart = {
  readonly today: {
    readonly costNanoUsd: number;
    readonly calls: number;
    readonly unpricedCalls: number;
    readonly failedCalls: number;
    readonly estimatedCalls: number;
    readonly tokens: number;
  };
  readonly month: { readonly costNanoUsd: number; readonly calls: number; readonly unpricedCalls: number };
  readonly minutes: readonly ({ readonly minuteMs: number } & Sum)[];
  readonly atMs: number;
};

type LedgerStart = {
  readonly today: Spend;
  readonly month: Spend;
  readonly minutes: SpendStart['minutes'];
};

/** The start as the ledger's rollups tell it. */
export function spendStartOf({ today, month, minutes }: LedgerStart, atMs: number): SpendStart {
  const tokens = today.inputTokens + today.cacheWriteTokens + today.cacheReadTokens + today.outputTokens;
  const { costNanoUsd, calls, failedCalls, unpricedCalls, estimatedCalls } = today;
  return {
    today: { costNanoUsd, calls, failedCalls, unpricedCalls, estimatedCalls, tokens },
    month: { costNanoUsd: month.costNanoUsd, calls: month.calls, unpricedCalls: month.unpricedCalls },
    minutes,
    atMs,
  };
}

export type SpendMeter = {
  readonly add: (call: CallRow, nowMs: number) => void;
  /** A correction or an import changed days that may be today or of this month. */
  readonly change: (changes: readonly DayChange[], nowMs: number) => void;
  /** The last hour as the ledger says it now, and what it did not know yet. */
  readonly correctMinutes: (minutes: SpendStart['minutes'], late: readonly CallRow[]) => void;
  readonly sums: (nowMs: number) => SpendSums;
};

export function createSpendMeter(start: SpendStart, dayOf: DayOf): SpendMeter {
  let today = { day: dayOf(start.atMs), ...start.today };
  let month = { month: monthOfDay(today.day), ...start.month };
  const minutes = new Map<number, Sum>(start.minutes.map(({ minuteMs: at, ...sum }) => [at, sum]));
  /** Sums of the last 60 seconds, by the second in which they were settled. */
  const seconds = new Map<number, Sum>();
  let turnedOverAt = -1;

  function turnOver(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === turnedOverAt) return;
    turnedOverAt = second;
    const day = dayOf(nowMs);
    if (day !== today.day) today = { day, ...nothingToday };
    if (monthOfDay(day) !== month.month) month = { month: monthOfDay(day), costNanoUsd: 0, calls: 0, unpricedCalls: 0 };
    const oldest = minuteOf(nowMs) - (minutesShown - 1) * minuteMs;
    for (const minute of minutes.keys()) if (minute < oldest) minutes.delete(minute);
    for (const settled of seconds.keys()) if (settled <= second - 60) seconds.delete(settled);
  }

  function add(call: CallRow, nowMs: number): void {
    turnOver(nowMs);
    const cost = call.costNanoUsd ?? 0;
    const unpriced = call.costNanoUsd === null ? 1 : 0;
    const day = dayOf(call.startedAtMs);
    // A call belongs to the day it started in, which may be yesterday by now; the rollups say the same.
    if (day === today.day) today = addToToday(today, call, cost, unpriced);
    if (monthOfDay(day) === month.month) {
      month = {
        ...month,
        costNanoUsd: month.costNanoUsd + cost,
        calls: month.calls + 1,
        unpricedCalls: month.unpricedCalls + unpriced,
      };
    }
    addToMinute(call);
    const second = Math.floor(nowMs / 1000);
    seconds.set(second, plus(seconds.get(second) ?? nothing, cost, unpriced));
  }

  function addToMinute({ startedAtMs, costNanoUsd }: CallRow): void {
    const minute = minuteOf(startedAtMs);
    minutes.set(minute, plus(minutes.get(minute) ?? nothing, costNanoUsd ?? 0, costNanoUsd === null ? 1 : 0));
  }

  function correctMinutes(corrected: SpendStart['minutes'], late: readonly CallRow[]): void {
    minutes.clear();
    for (const { minuteMs: at, ...sum } of corrected) minutes.set(at, sum);
    for (const call of late) addToMinute(call);
  }

  function sums(nowMs: number): SpendSums {
    turnOver(nowMs);
    const last = minuteOf(nowMs);
    return {
      today,
      month,
      lastMinute: seconds.values().reduce((sum, one) => plus(sum, one.costNanoUsd, one.unpricedCalls), nothing),
      minutes: Array.from({ length: minutesShown }, (_, index) => {
        const minute = last - (minutesShown - 1 - index) * minuteMs;
        return { minuteMs: minute, ...(minutes.get(minute) ?? nothing) };
      }),
    };
  }

  function change(changes: readonly DayChange[], nowMs: number): void {
    turnOver(nowMs);
    for (const { day, costNanoUsd, calls, failedCalls, unpricedCalls, estimatedCalls, tokens } of changes) {
      if (day === today.day) {
        today = {
          ...today,
          costNanoUsd: today.costNanoUsd + costNanoUsd,
          calls: today.calls + calls,
          unpricedCalls: today.unpricedCalls + unpricedCalls,
          failedCalls: today.failedCalls + failedCalls,
          estimatedCalls: today.estimatedCalls + estimatedCalls,
          tokens: today.tokens + tokens,
        };
      }
      if (monthOfDay(day) !== month.month) continue;
      month = {
        ...month,
        costNanoUsd: month.costNanoUsd + costNanoUsd,
        calls: month.calls + calls,
        unpricedCalls: month.unpricedCalls + unpricedCalls,
      };
    }
  }

  return { add, change, correctMinutes, sums };
}

const nothingToday = { costNanoUsd: 0, calls: 0, failedCalls: 0, unpricedCalls: 0, estimatedCalls: 0, tokens: 0 };
const nothing: Sum = { costNanoUsd: 0, unpricedCalls: 0 };

function plus(sum: Sum, costNanoUsd: number, unpricedCalls: number): Sum {
  return { costNanoUsd: sum.costNanoUsd + costNanoUsd, unpricedCalls: sum.unpricedCalls + unpricedCalls };
}

function addToToday(
  today: LiveSnapshot['today'],
  call: CallRow,
  cost: number,
  unpriced: number,
): LiveSnapshot['today'] {
  return {
    ...today,
    costNanoUsd: today.costNanoUsd + cost,
    calls: today.calls + 1,
    unpricedCalls: today.unpricedCalls + unpriced,
    failedCalls: today.failedCalls + (call.status === 'failed' || call.status === 'refused' ? 1 : 0),
    estimatedCalls: today.estimatedCalls + (call.isEstimated ? 1 : 0),
    tokens: today.tokens + promptTokens(call) + call.outputTokens,
  };
}
