/**
 * Which stretch of time Stripe's error reports are read of next, and what a reading of it means. Pure.
 *
 * Anybody who meters on the account makes reports, thousands a day where something of theirs is broken. So they are read a window at a time, the oldest first,
 * and what a window has said stays known, over a restart as well. A window that holds more than is read at once is read in part. Listed oldest first, it counts up to the
 * last report that was read. Listed newest first (facts/stripe.md section 3 does not say which), its end was read and its beginning is missing: a shorter
 * window is read there, and the end is passed over when it is reached.
 */
import type { ErrorReport } from '../ledger/error-reports.ts';

/** `toMs` null: to the end, whatever a clock says that differs from Stripe's. */
export type ReportWindow = { readonly fromMs: number; readonly toMs: number | null; readonly pagesMax: number };

/** In the order of the list. */
export type PartOfReports = {
  readonly reports: readonly ErrorReport[];
  readonly pages: number;
  readonly isWhole: boolean;
};

type Stretch = { readonly fromMs: number; readonly toMs: number };

export type ReportsCursor = {
  /** Read up to here. */
  readonly fromMs: number;
  /** What the next window may span. */
  readonly widthMs: number;
  /** Further on, and read already; the nearest first. */
  readonly ahead: readonly Stretch[];
};

const windowPagesMax = 10;
/** Three windows: each is a quarter of the one before where that held too much, and the third gets on where thousands were made in a day. */
export const pagesAtOnceMax = 3 * windowPagesMax;
/** Of a quiet account a page. */
const firstWidthMs = 24 * 3_600_000;
/** Of a second all is read: no account makes thousands of reports in one. */
const narrowestMs = 1_000;
const secondPagesMax = 100;
/** A window that took so few pages may be followed by a wider one. */
const fewPages = 2;
const stepsOf = 4;

export function cursorAt(fromMs: number): ReportsCursor {
  return { fromMs, widthMs: firstWidthMs, ahead: [] };
}

export function windowOf({ fromMs, widthMs, ahead: [next] }: ReportsCursor, nowMs: number): ReportWindow {
  const toMs = Math.min(fromMs + widthMs, next?.fromMs ?? Infinity);
  const pagesMax = widthMs <= narrowestMs ? secondPagesMax : windowPagesMax;
  return { fromMs, toMs: toMs < nowMs ? toMs : null, pagesMax };
}

/** Null: every report has been read. */
export function cursorAfter(cursor: ReportsCursor, part: PartOfReports, nowMs: number): ReportsCursor | null {
  const { fromMs, toMs } = windowOf(cursor, nowMs);
  const { reports, pages, isWhole } = part;
  if (isWhole) {
    if (toMs === null) return null;
    const widthMs = pages <= fewPages ? cursor.widthMs * stepsOf : cursor.widthMs;
    return passOver({ ...cursor, fromMs: toMs, widthMs });
  }
  const lastMs = reports.at(-1)?.createdMs ?? fromMs;
  if (isOldestFirst(reports)) return passOver({ ...cursor, fromMs: lastMs });
  const endMs = toMs ?? nowMs;
  const widthMs = Math.max(narrowestMs, Math.ceil((endMs - fromMs) / stepsOf));
  // Of the last one's instant there may be more.
  const read = { fromMs: lastMs + 1, toMs: endMs };
  return { fromMs, widthMs, ahead: read.fromMs < endMs ? [read, ...cursor.ahead] : cursor.ahead };
}

function passOver(cursor: ReportsCursor): ReportsCursor {
  const [next, ...ahead] = cursor.ahead;
  if (next === undefined || next.fromMs > cursor.fromMs) return cursor;
  return passOver({ ...cursor, fromMs: Math.max(cursor.fromMs, next.toMs), ahead });
}

/** Reports of one instant say nothing of the order. */
function isOldestFirst(reports: readonly ErrorReport[]): boolean {
  const [first] = reports;
  const isRising = first !== undefined && first.createdMs < (reports.at(-1)?.createdMs ?? 0);
  return isRising && reports.every(({ createdMs }, index) => createdMs >= (reports[index - 1]?.createdMs ?? createdMs));
}
