/**
 * Read requests to Stripe, counted before they are made: it allows an account 10,000 a month (facts/stripe.md section 5; writes are not counted).
 * The sum of the last 31 days is held under the bound, which is right for a calendar month and for a rolling one. Each purpose has an allowance of its own in
 * these days, so that none can use up what another needs; 500 are left to whatever else uses the account.
 *
 * What decides about money comes first. 3,200 are kept for invoices: of 100 customers the subscriptions are read once a day (3,100), and of some again as a
 * period ends. 500 are kept for minutes, 300 for the list of meters, the account and what a person asks. Nobody else gets those. These purposes may take 500
 * more at once, and what they take the others go without. So 5,000 are left, spread over the days: three quarters for reports (120 a day; one every 15
 * minutes takes 96), a quarter for comparing days (40 a day). Up to 40 pairs of customer and meter are compared every day, 100 every third, 180 (30
 * customers, six meters) every fifth, the one first that has waited longest (confirmations.ts); no day is left out, since one read tells all days of a pair.
 * More than 100 customers leave less to both, in the same parts.
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

export type ReadsByKind = Readonly<Record<ReadKind, number>>;

export const readsPerMonthMax = 10_000;
/** Today among them. */
const days = 31;
/** Subscriptions and invoice items: what is sent, or billed another way, rests on them. */
const invoicesMax = 9_500;
const moneyMax = 9_250;
/** Reports and days. */
const othersMax = 9_000;

/** Kept for what decides about money. */
const kept: ReadsByKind = {
  invoices: 3_200,
  minutes: 500,
  meters: 100,
  account: 50,
  // Asked for by a person, who waits for it.
  setup: 50,
  customers: 50,
  months: 50,
  // Anybody's who meters on the account.
  reports: 0,
  days: 0,
};
/** Their parts of what is left to them. What many customers, or reports of others by the thousand, would use up is spread over days rather than stopped for the rest of a month. */
const parts: ReadonlyMap<ReadKind, number> = new Map([
  ['reports', 3 / 4],
  ['days', 1 / 4],
]);

const dayMs = 24 * 3_600_000;
const noReads = Object.fromEntries(readKinds.map((kind) => [kind, 0])) as ReadsByKind;

/** `used`: in the last 31 days. */
export type ReadsMade = {
  readonly used: ReadsByKind;
  readonly today: ReadsByKind;
  /** In the three days before today. */
  readonly invoicesBefore: number;
};

/** Pure. */
export function mayRead(kind: ReadKind, made: ReadsMade): boolean {
  const allowed = readsAllowed(kind, made);
  if (made.used[kind] >= allowed || (sumOf(made.used) >= invoicesMax && kind !== 'account')) return false;
  return !parts.has(kind) || made.today[kind] < Math.floor(allowed / days);
}

/** Of a purpose in 31 days, by what each has made of them. */
function readsAllowed(kind: ReadKind, { used, invoicesBefore }: ReadsMade): number {
  // Once a start, and without it nothing is sent: counted, never refused.
  if (kind === 'account') return Infinity;
  // In the first month of more than 100 customers it is known early what they will need.
  const needed = { ...used, invoices: Math.max(used.invoices, Math.ceil((invoicesBefore * days) / 3)) };
  const taken = readKinds
    .filter((other) => other !== kind && !parts.has(other))
    .reduce((sum, other) => sum + Math.max(needed[other], kept[other]), 0);
  const part = parts.get(kind);
  if (part !== undefined) return Math.floor(Math.max(0, othersMax - taken) * part);
  const most = kind === 'invoices' ? invoicesMax : moneyMax;
  return Math.max(kept[kind], most - taken - used.reports - used.days);
}

export type ReadQuestion = { readonly kind: ReadKind; readonly nowMs: number };

/** False, and nothing counted, when the budget of its kind is used up. */
export function allowRead(db: Db, { kind, nowMs }: ReadQuestion): boolean {
  return db.transaction(() => {
    if (!hasReadsLeft(db, { kind, nowMs })) return false;
    db.prepare(
      'INSERT INTO stripe_reads VALUES (?, ?, 1) ON CONFLICT (day_ms, kind) DO UPDATE SET reads = reads + 1',
    ).run(dayOf(nowMs), kind);
    return true;
  })();
}

export function hasReadsLeft(db: Db, { kind, nowMs }: ReadQuestion): boolean {
  const today = dayOf(nowMs);
  return mayRead(kind, {
    used: readsAfter(db, { afterMs: nowMs - days * dayMs }),
    today: readsAfter(db, { afterMs: today - dayMs, toMs: today }),
    invoicesBefore: readsAfter(db, { afterMs: today - 4 * dayMs, toMs: today - dayMs }).invoices,
  });
}

/** In the last 31 days. Days that a clock ahead of time wrote count as well. */
export function readsUsed(db: Db, nowMs: number): number {
  return sumOf(readsAfter(db, { afterMs: nowMs - days * dayMs }));
}

function sumOf(reads: ReadsByKind): number {
  return Object.values(reads).reduce((sum, ofKind) => sum + ofKind, 0);
}

type Span = { readonly afterMs: number; readonly toMs?: number };

function readsAfter(db: Db, { afterMs, toMs = Infinity }: Span): ReadsByKind {
  const rows = db
    .prepare<[number, number], [string, number]>(
      'SELECT kind, SUM(reads) FROM stripe_reads WHERE day_ms > ? AND day_ms <= ? GROUP BY kind',
    )
    .raw()
    .all(afterMs, toMs);
  return { ...noReads, ...(Object.fromEntries(rows) as Partial<ReadsByKind>) };
}

function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs) * dayMs;
}
