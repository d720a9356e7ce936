/**
 * Whether usage of a minute may still reach its invoice. Pure.
 *
 * In prose: usage belongs to the period of the customer's subscription in which its minute's stamp lies (stampOf). When the period ends its invoice is a draft for a grace
 * of 1 to 72 hours and takes usage of the period until it is final; what comes later is added neither to it nor to the next (facts/stripe.md section 4). So a
 * minute of a running period, or of one whose invoice is a draft, is sent; one whose invoice is final is set aside; and one whose period is over is sent
 * only on the word of a reading that is fresh. A period may have been closed since it was read: its subscription was cancelled, its anchor moved, or it
 * began since and was a short one. So what is not young is sent on a fresh reading alone. Without a subscription there is no invoice, and only Stripe's
 * 35 days count.
 */

export type InvoicePeriod = {
  readonly startMs: number;
  /** Not included. */
  readonly endMs: number;
  readonly state: 'running' | 'draft' | 'final';
  readonly finalizesAtMs: number | null;
};

export type InvoiceStanding =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly closesAtMs: number }
  /** Its period is over, or may be, and how the invoice stands has not been read since, or not lately. */
  | { readonly kind: 'read_first'; readonly closesAtMs: number }
  | { readonly kind: 'final' };

/** Stripe's default, and the least that can be set. */
export const assumedGraceMs = 3_600_000;
/** A draft may be made final by hand at any moment. */
export const freshForMs = 15 * 60_000;
/** What is sent this shortly before may arrive too late. */
const closingMs = 2 * 60_000;
/** Each customer's subscriptions are read that often, whatever waits. */
export const knownForMs = 24 * 3_600_000;
/**
 * Whatever period a minute lies in, its invoice is not final before the least grace has passed since. Nor is one that was not, or was not known at all, in
 * a reading this young.
 */
export const youngMs = assumedGraceMs - 10 * 60_000;

export type StandingQuestion = {
  /** Those in which the minute lies. Several where a customer has several subscriptions of one meter. */
  readonly periods: readonly InvoicePeriod[];
  readonly minuteMs: number;
  /** When the customer's subscriptions were read last; null when never. */
  readonly readAtMs: number | null;
  readonly nowMs: number;
};

export function invoiceStanding({ periods, minuteMs, readAtMs, nowMs }: StandingQuestion): InvoiceStanding {
  const isSure = minuteMs >= nowMs - youngMs || isReadSince(readAtMs, nowMs - youngMs, nowMs);
  const each = periods.map((period) => standingIn(period, { readAtMs, nowMs, isSure }));
  const open = each.filter((standing) => standing.kind === 'open');
  if (open.length > 0) return { kind: 'open', closesAtMs: Math.min(...open.map(({ closesAtMs }) => closesAtMs)) };
  const known = each.find(({ kind }) => kind === 'read_first') ?? each.at(0);
  if (known !== undefined) return known;
  return isSure ? { kind: 'none' } : { kind: 'read_first', closesAtMs: nowMs };
}

/** A reading ahead of the clock was made by one that has been put back since. */
export function isReadSince(readAtMs: number | null, sinceMs: number, nowMs: number): boolean {
  return readAtMs !== null && readAtMs > sinceMs && readAtMs <= nowMs;
}

type Reading = Pick<StandingQuestion, 'readAtMs' | 'nowMs'> & {
  /** What was not final when it was read is not final now. */
  readonly isSure: boolean;
};

function standingIn(period: InvoicePeriod, { readAtMs, nowMs, isSure }: Reading): InvoiceStanding {
  if (period.state === 'final') return { kind: 'final' };
  const closesAtMs = closesAt(period);
  if (nowMs < period.endMs) return { kind: isSure ? 'open' : 'read_first', closesAtMs };
  const readMs = readAtMs ?? 0;
  const isFresh = readMs >= period.endMs && isReadSince(readAtMs, nowMs - freshForMs, nowMs);
  const isPast = period.state === 'draft' && readMs < closesAtMs && nowMs >= closesAtMs - closingMs;
  return isFresh && !isPast ? { kind: 'open', closesAtMs } : { kind: 'read_first', closesAtMs };
}

/** Known of a draft; else the end of its period and the least grace. */
export function closesAt({ endMs, finalizesAtMs }: Pick<InvoicePeriod, 'endMs' | 'finalizesAtMs'>): number {
  return finalizesAtMs ?? endMs + assumedGraceMs;
}
