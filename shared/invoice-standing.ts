/**
 * Whether usage of a minute may still reach its invoice. Pure.
 *
 * In prose: usage belongs to the period of the customer's subscription in which its minute's stamp lies (stampOf). When the period ends its invoice is a draft for a grace
 * of 1 to 72 hours and takes usage of the period until it is final; what comes later is added to it nor to the next (facts/stripe.md section 4). So a
 * minute of a running period, or of one whose invoice is a draft, is sent; one whose invoice is final is set aside; and one whose period is over is sent
 * only on the word of a reading that is fresh. Without a subscription there is no invoice, and only Stripe's 35 days count.
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
  /** The period is over, and how its invoice stands has not been read since, or not lately. */
  | { readonly kind: 'read_first'; readonly closesAtMs: number }
  | { readonly kind: 'final' };

/** Stripe's default, and the least that can be set. */
export const assumedGraceMs = 3_600_000;
/** A draft may be made final by hand at any moment. */
export const freshForMs = 15 * 60_000;
/** What is sent this shortly before may arrive too late. */
const closingMs = 2 * 60_000;
/** A period is a day at least, so a reading of the last day knows every period that is over. */
export const knownForMs = 24 * 3_600_000;
/** Whatever period a minute lies in, its invoice is not final before the least grace has passed since. */
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
  const each = periods.map((period) => standingIn(period, readAtMs ?? 0, nowMs));
  const open = each.filter((standing) => standing.kind === 'open');
  if (open.length > 0) return { kind: 'open', closesAtMs: Math.min(...open.map(({ closesAtMs }) => closesAtMs)) };
  const known = each.find(({ kind }) => kind === 'read_first') ?? each.at(0);
  if (known !== undefined) return known;
  const isKnown = readAtMs !== null && readAtMs > nowMs - knownForMs;
  return isKnown || minuteMs >= nowMs - youngMs ? { kind: 'none' } : { kind: 'read_first', closesAtMs: nowMs };
}

function standingIn(period: InvoicePeriod, readAtMs: number, nowMs: number): InvoiceStanding {
  if (period.state === 'final') return { kind: 'final' };
  const closesAtMs = closesAt(period);
  if (nowMs < period.endMs) return { kind: 'open', closesAtMs };
  const isFresh = readAtMs >= period.endMs && readAtMs <= nowMs && readAtMs > nowMs - freshForMs;
  const isPast = period.state === 'draft' && readAtMs < closesAtMs && nowMs >= closesAtMs - closingMs;
  return isFresh && !isPast ? { kind: 'open', closesAtMs } : { kind: 'read_first', closesAtMs };
}

/** Known of a draft; else the end of its period and the least grace. */
export function closesAt({ endMs, finalizesAtMs }: Pick<InvoicePeriod, 'endMs' | 'finalizesAtMs'>): number {
  return finalizesAtMs ?? endMs + assumedGraceMs;
}
