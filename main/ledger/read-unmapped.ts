/**
 * Calls that nobody is billed for because no customer is known, by who they might be billed to: their project, else their member. Only calls that passed
 * this machine: a transcript may be a subscription's, and a teammate's export is billed by the teammate. Beside them those that are billed to nobody since
 * Stripe does not know their customer (unknown-customers.ts). Reading side only.
 */
import type { ReleasedCalls, UnmappedGroup } from '../../shared/contract/stripe-customers.ts';
import { windowMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { allMinutes, isOfUnknownCustomer, readUncertain, readUnknown } from './unknown-customers.ts';

/**
 * What the partial index `calls_unmapped` says, word for word: SQLite uses it only for a query that repeats its condition. A row that was corrected
 * is not current any more; one that came to nothing is billed to nobody anyway.
 */
export const isUnmapped = `customer IS NULL AND source IN ('proxy', 'batch')
  AND (cost_nano_usd IS NULL OR cost_nano_usd > 0)
  AND NOT EXISTS (SELECT 1 FROM calls n WHERE n.corrects_seq = calls.seq)`;

export type UnmappedSum = Omit<UnmappedGroup, 'project' | 'member' | 'customer' | 'unknownCustomer'> & {
  readonly lastMs: number | null;
};

type Row = {
  readonly project: string | null;
  readonly member: string | null;
  readonly calls: number;
  readonly costNanoUsd: number;
  readonly unpricedCalls: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly olderCalls: number;
  readonly olderNanoUsd: number;
};

const nothing = { calls: 0, costNanoUsd: 0 };

const sums = `
  SUM(started_at_ms >= @earliestMs) AS calls,
  SUM(CASE WHEN started_at_ms >= @earliestMs THEN COALESCE(cost_nano_usd, 0) ELSE 0 END) AS costNanoUsd,
  SUM(started_at_ms >= @earliestMs AND cost_nano_usd IS NULL) AS unpricedCalls,
  MIN(CASE WHEN started_at_ms >= @earliestMs THEN started_at_ms END) AS firstMs,
  MAX(CASE WHEN started_at_ms >= @earliestMs THEN started_at_ms END) AS lastMs,
  SUM(started_at_ms < @earliestMs) AS olderCalls,
  SUM(CASE WHEN started_at_ms < @earliestMs THEN COALESCE(cost_nano_usd, 0) ELSE 0 END) AS olderNanoUsd`;

const groupsMax = 200;

/** The largest sum first. Grouped as the index is ordered; what the screen shows in one row is put together here. */
export function readUnmapped(db: Db, { nowMs }: { readonly nowMs: number }): Omit<UnmappedGroup, 'customer'>[] {
  const rows = db
    .prepare<{ earliestMs: number }, Row>(
      `SELECT project, member, ${sums} FROM calls WHERE ${isUnmapped} GROUP BY project, member`,
    )
    .all({ earliestMs: earliestMs(nowMs) });
  const groups = new Map<string, Row>();
  for (const row of rows) {
    const { project, member } = row;
    const of = { project, member: project === null ? member : null };
    const key = JSON.stringify(of);
    const before = groups.get(key);
    groups.set(key, { ...(before ? together(before, row) : row), ...of });
  }
  return [...groups.values()]
    .toSorted((one, other) => other.costNanoUsd - one.costNanoUsd || other.olderNanoUsd - one.olderNanoUsd)
    .slice(0, groupsMax)
    .map(({ project, member, ...row }) => {
      const { lastMs: _last, ...sum } = sumOf(row);
      return { project, member, unknownCustomer: null, ...sum };
    });
}

function together(one: Row, other: Row): Row {
  const earliest = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.min(a, b));
  const latest = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.max(a, b));
  return {
    ...one,
    calls: one.calls + other.calls,
    costNanoUsd: one.costNanoUsd + other.costNanoUsd,
    unpricedCalls: one.unpricedCalls + other.unpricedCalls,
    firstMs: earliest(one.firstMs, other.firstMs),
    lastMs: latest(one.lastMs, other.lastMs),
    olderCalls: one.olderCalls + other.olderCalls,
    olderNanoUsd: one.olderNanoUsd + other.olderNanoUsd,
  };
}

/** What there is to release. */
export function readReleasable(
  db: Db,
  { which, nowMs }: { readonly which: ReleasedCalls; readonly nowMs: number },
): UnmappedSum {
  const { sql, values } = whichCalls(which);
  const row = db
    .prepare<object, Omit<Row, 'project' | 'member'>>(`SELECT ${sums} FROM calls WHERE ${sql}`)
    .get({ earliestMs: earliestMs(nowMs), ...values });
  if (!row) throw new Error('an aggregate without groups always has one row');
  const sum = sumOf({
    ...row,
    calls: row.calls ?? 0,
    costNanoUsd: row.costNanoUsd ?? 0,
    unpricedCalls: row.unpricedCalls ?? 0,
    olderCalls: row.olderCalls ?? 0,
    olderNanoUsd: row.olderNanoUsd ?? 0,
  });
  return which.kind === 'customer' ? { ...sum, uncertain: readUncertain(db, which.customer) } : sum;
}

/** Calls whose customer Stripe does not know: one group a customer, the largest sum first. */
export function readUnknownCustomers(db: Db, { nowMs }: { readonly nowMs: number }): Omit<UnmappedGroup, 'customer'>[] {
  return readUnknown(db, groupsMax)
    .map((customer) => {
      const { lastMs: _last, ...sum } = readReleasable(db, { which: { kind: 'customer', customer }, nowMs });
      return { project: null, member: null, unknownCustomer: customer, ...sum };
    })
    .filter(({ calls, older }) => calls > 0 || older.calls > 0)
    .toSorted((one, other) => other.costNanoUsd - one.costNanoUsd || other.older.costNanoUsd - one.older.costNanoUsd);
}

function sumOf({ olderCalls, olderNanoUsd, ...row }: Omit<Row, 'project' | 'member'>): UnmappedSum {
  const leavesAtMs = row.firstMs === null ? null : row.firstMs + windowMs;
  return { ...row, leavesAtMs, older: { calls: olderCalls, costNanoUsd: olderNanoUsd }, uncertain: nothing };
}

/** The minute of a call is what Stripe's window looks at: the first whole one that it still takes. */
export function earliestMs(nowMs: number): number {
  return Math.ceil((nowMs - windowMs) / 60_000) * 60_000;
}

/** The whole condition of `calls`. */
export function whichCalls(which: ReleasedCalls): {
  readonly sql: string;
  readonly values: Readonly<Record<string, string | number>>;
} {
  switch (which.kind) {
    case 'project':
      return { sql: `${isUnmapped} AND project = @project`, values: { project: which.project } };
    case 'member':
      return { sql: `${isUnmapped} AND member = @member`, values: { member: which.member } };
    case 'nobody':
      return { sql: `${isUnmapped} AND project IS NULL AND member IS NULL`, values: {} };
    case 'customer':
      return { sql: isOfUnknownCustomer, values: { unknown: which.customer, ...allMinutes } };
  }
}
