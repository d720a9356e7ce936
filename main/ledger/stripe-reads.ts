/**
 * Read requests to Stripe, counted before they are made: it allows an account 10,000 a month (facts/stripe.md section 5; writes are not counted).
 * The sum of the last 31 days is held under the bound, which is right for a calendar month and for a rolling one. Each purpose has its own
 * ceiling, so that comparing every day cannot use up what deciding about money needs; 1,000 are left to whatever else uses the account.
 */
import type { Db } from '../system/db.ts';

export const readKinds = [
  'reports',
  'minutes',
  'days',
  'meters',
  'account',
  'setup',
  'customers',
  'invoices',
  'months',
] as const;
export type ReadKind = (typeof readKinds)[number];

export const readsPerMonthMax = 10_000;
const ceilings: Readonly<Record<ReadKind, number>> = {
  // Anybody's who meters on the account: what decides about money goes before them.
  reports: 8_000,
  meters: 9_000,
  minutes: 8_500,
  // Subscriptions and invoice items: what is sent, or billed another way, rests on them.
  invoices: 8_500,
  // What reports need of a month stays above it.
  days: 6_000,
  // Once a start, and without it nothing is sent: counted, never refused.
  account: Infinity,
  // Asked for by a person, who waits for it.
  setup: 9_500,
  customers: 9_500,
  months: 8_000,
};

/** What many customers, or reports of others by the thousand, would use up is spread over days rather than stopped for the rest of a month. */
const spread: ReadonlySet<ReadKind> = new Set(['days', 'reports']);

const dayMs = 24 * 3_600_000;

/** False, and nothing counted, when the budget of its kind is used up. */
export function allowRead(db: Db, { kind, nowMs }: { readonly kind: ReadKind; readonly nowMs: number }): boolean {
  return db.transaction(() => {
    const day = Math.floor(nowMs / dayMs) * dayMs;
    if (readsUsed(db, nowMs) >= ceilings[kind]) return false;
    if (spread.has(kind) && readsOfDay(db, day, kind) >= Math.floor(ceilings[kind] / 31)) return false;
    db.prepare(
      'INSERT INTO stripe_reads VALUES (?, ?, 1) ON CONFLICT (day_ms, kind) DO UPDATE SET reads = reads + 1',
    ).run(day, kind);
    return true;
  })();
}

/** In the last 31 days. Days that a clock ahead of time wrote count as well. */
export function readsUsed(db: Db, nowMs: number): number {
  const used = db.prepare<[number], number>('SELECT COALESCE(SUM(reads), 0) FROM stripe_reads WHERE day_ms > ?');
  return used.pluck().get(nowMs - 31 * dayMs) ?? 0;
}

function readsOfDay(db: Db, day: number, kind: ReadKind): number {
  const reads = db.prepare<[number, string], number>('SELECT reads FROM stripe_reads WHERE day_ms = ? AND kind = ?');
  return reads.pluck().get(day, kind) ?? 0;
}
