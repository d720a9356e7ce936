/**
 * Stripe's reports of meter events that it had taken and does not count (`error_report_triggered`, `no_meter_found`): joined to the outbox by
 * identifier, once each. The writing side; one transaction. A report names samples, not every event; how many it left unnamed is kept, since a
 * summary that lacks something cannot be explained then (weigh-minute.ts).
 * Source: facts/stripe.md section 3. `request.identifier` is the idempotency key, which of a later attempt is `identifier~n` (sync/stripe.ts).
 */
import { rejectionOf } from '../../shared/stripe-rejections.ts';
import type { Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';

export type RejectedSample = {
  readonly code: string;
  readonly message: string;
  /** Null when Stripe names none. */
  readonly requestIdentifier: string | null;
};

export type ErrorReport = {
  readonly id: string;
  readonly createdMs: number;
  readonly errorCount: number;
  readonly sentence: string;
  readonly samples: readonly RejectedSample[];
};

export type ReportsRead = {
  readonly reports: readonly ErrorReport[];
  /** Every report made before this instant has been read; null: no more than before. */
  readonly readUpToMs: number | null;
  readonly nowMs: number;
};

/** Returns how many events were found to be rejected. */
export function recordReports(db: Db, { reports, readUpToMs, nowMs }: ReportsRead): number {
  return db.transaction(() => {
    let rejected = 0;
    for (const report of reports) if (keepReport(db, report)) rejected += rejectSamples(db, report, nowMs);
    if (readUpToMs !== null) writeFact(db, 'stripe_reports_read_ms', String(Math.max(readUpToMs, knownMs(db, nowMs))));
    return rejected;
  })();
}

/** The key of a request with several events (sync/stripe-stream.ts): which of them it was remains unnamed. */
const batchKey = /^tk\d+:.*\+\d+$/;

/** False when it was read before. */
function keepReport(db: Db, { id, createdMs, errorCount, sentence, samples }: ErrorReport): boolean {
  const named = samples.filter(
    ({ requestIdentifier }) => requestIdentifier !== null && !batchKey.test(requestIdentifier),
  ).length;
  return (
    db
      .prepare('INSERT OR IGNORE INTO error_reports VALUES (?, ?, ?, ?, ?)')
      .run(id, createdMs, errorCount, Math.min(named, errorCount), sentence).changes > 0
  );
}

function rejectSamples(db: Db, { samples }: ErrorReport, nowMs: number): number {
  // Accepted at: Stripe had it, so its identifier is spent (outbox-choices.ts).
  const reject = db.prepare(
    `UPDATE meter_events SET state = 'rejected', rejection_code = @code, next_attempt_at_ms = NULL, confirmed_at_ms = NULL,
            accepted_at_ms = COALESCE(accepted_at_ms, @nowMs), last_answer = @sentence
      WHERE identifier = @identifier AND state IN ('accepted', 'confirmed', 'unknown', 'cancelling')`,
  );
  let rejected = 0;
  for (const { code, message, requestIdentifier } of samples) {
    if (requestIdentifier === null) continue;
    const identifier = requestIdentifier.replace(/~\d+$/, '');
    const sentence = `Stripe took it and does not count it: ${message} ${rejectionOf(code).remedy}`;
    rejected += reject.run({ code, identifier, nowMs, sentence }).changes;
  }
  return rejected;
}

/** What is read again from before stays read; what a clock ahead of time wrote does not count. */
function knownMs(db: Db, nowMs: number): number {
  return Math.min(reportsReadMs(db), nowMs);
}

/** Zero before the first reading. */
export function reportsReadMs(db: Db): number {
  return Number(readFact(db, 'stripe_reports_read_ms') ?? 0);
}

/** Where reading them begins: what was made before is read, or was made before the first event of this ledger. Null when it has none. */
export function reportsFromMs(db: Db): number | null {
  const readMs = reportsReadMs(db);
  if (readMs > 0) return readMs;
  return db.prepare<[], number | null>('SELECT MIN(sealed_at_ms) FROM meter_events').pluck().get() ?? null;
}

export function unnamedErrorsSince(db: Db, sinceMs: number): number {
  const count = db.prepare<[number], number>(
    'SELECT COALESCE(SUM(error_count - named_count), 0) FROM error_reports WHERE created_ms >= ?',
  );
  return count.pluck().get(sinceMs) ?? 0;
}
