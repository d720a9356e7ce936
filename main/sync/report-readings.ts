/**
 * Reads Stripe's reports of events that are not counted: while something was accepted within the last two hours every 15 minutes, else every 6 hours; asked for
 * by a person at once. Some pages a time (report-windows.ts); each page is followed by ten minutes without one, so that an account with reports by the
 * thousand does not use up the month's reads. A list of Stripe may lag, so what follows a whole reading begins two hours before it; a report is counted once by its
 * id. The first begins two hours before the first event was made, 30 days back at most, as far as Stripe keeps them. Sends nothing.
 */
import type { ReportsRead } from '../ledger/error-reports.ts';
import type { Clock } from '../system/clock.ts';
import type { Asking } from './asking.ts';
import { cursorAfter, cursorAt, pagesAtOnceMax, windowOf, type ReportsCursor } from './report-windows.ts';
import type { StripeReader } from './stripe-reader.ts';

/** The ledger as these readings need it. */
export type ReportStore = {
  /** What was made before needs no reading; null: all of it. */
  readonly reportsFromMs: () => Promise<number | null>;
  readonly recordReports: (read: ReportsRead) => Promise<number>;
};

export type ReportReadings = {
  readonly read: (by: Asking, isAsked: boolean) => Promise<void>;
  readonly noteAccepted: () => void;
};

export type ReportReadingsOptions = {
  readonly store: ReportStore;
  readonly reader: Pick<StripeReader, 'errorReports'>;
  readonly clock: Clock;
  /** An event was found to be rejected. */
  readonly onChange: () => void;
};

const oftenMs = 15 * 60_000;
const seldomMs = 6 * 3_600_000;
const recentlyMs = 2 * 3_600_000;
const overlapMs = 2 * 3_600_000;
const afterPageMs = 10 * 60_000;
/** Stripe keeps events for 30 days. */
const keptMs = 30 * 24 * 3_600_000;

export function createReportReadings({ store, reader, clock, onChange }: ReportReadingsOptions): ReportReadings {
  let acceptedAtMs = clock.nowMs();
  let last: { readonly atMs: number; readonly pages: number } | null = null;
  /** Where a reading goes on that did not come to its end. */
  let cursor: ReportsCursor | null = null;
  /** What was made since then was read while it may not have been listed yet: the next reading begins there. */
  let listedLateMs: number | null = null;

  function isDue(nowMs: number): boolean {
    if (last === null) return true;
    const everyMs = cursor !== null || nowMs - acceptedAtMs < recentlyMs ? oftenMs : seldomMs;
    return Math.abs(nowMs - last.atMs) >= Math.max(everyMs, last.pages * afterPageMs);
  }

  async function begin(nowMs: number): Promise<ReportsCursor> {
    const knownMs = Math.min((await store.reportsFromMs()) ?? nowMs, nowMs);
    const fromMs = Math.min(knownMs - overlapMs, listedLateMs ?? Infinity);
    listedLateMs = null;
    return cursorAt(Math.max(fromMs, nowMs - keptMs));
  }

  async function read(by: Asking, isAsked: boolean): Promise<void> {
    const nowMs = clock.nowMs();
    if (!isAsked && !isDue(nowMs)) return;
    let next: ReportsCursor | null = cursor !== null && cursor.fromMs < nowMs ? cursor : await begin(nowMs);
    for (let pages = 0; next !== null && pages < pagesAtOnceMax;) {
      const { fromMs } = next;
      const window = windowOf(next, nowMs);
      const part = await by.ask(() => reader.errorReports(window));
      if (part === null) return;
      pages += part.pages;
      next = cursorAfter(next, part, nowMs);
      const readUpToMs = next === null ? nowMs : next.fromMs > fromMs ? next.fromMs : null;
      if ((await store.recordReports({ reports: part.reports, readUpToMs, nowMs })) > 0) onChange();
      if ((window.toMs ?? nowMs) > nowMs - overlapMs) listedLateMs ??= nowMs - overlapMs;
      cursor = next;
      last = { atMs: nowMs, pages };
    }
  }

  return {
    read,
    noteAccepted: () => {
      acceptedAtMs = clock.nowMs();
    },
  };
}
