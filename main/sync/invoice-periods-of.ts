/**
 * The stretches of one metered item of a subscription, with the state of the invoice of each. Pure.
 * The running period has no invoice yet. The one before has the last invoice, a draft or final. All before that are final: a period is a day at least
 * and a draft lasts three at most, and whatever Stripe lists as the last invoice comes after theirs. What a subscription used until it ended without a
 * last invoice is never billed (facts/stripe.md section 4), which is final as well.
 */
import type { ReadPeriod } from '../ledger/invoice-periods.ts';

export type CycleInvoice = {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isDraft: boolean;
  readonly finalizesAtMs: number | null;
};

export type ItemFacts = {
  readonly subscription: string;
  readonly meter: string;
  readonly startMs: number;
  readonly endedAtMs: number | null;
  readonly currentStartMs: number;
  readonly currentEndMs: number;
  /** Of the last period that was invoiced; null when there was none. */
  readonly invoice: CycleInvoice | null;
  readonly nowMs: number;
};

/** Stripe makes the invoice of a period when it ends, now and then a little later. */
const invoiceMadeWithinMs = 24 * 3_600_000;

type Stretch = Pick<ReadPeriod, 'startMs' | 'endMs' | 'state' | 'invoice' | 'finalizesAtMs'>;
type Invoiced = Pick<ReadPeriod, 'state' | 'invoice' | 'finalizesAtMs'>;

const final: Invoiced = { state: 'final', invoice: null, finalizesAtMs: null };
const running: Invoiced = { state: 'running', invoice: null, finalizesAtMs: null };

export function periodsOf(facts: ItemFacts): ReadPeriod[] {
  const { subscription, meter } = facts;
  return [...stretchesBefore(facts), currentStretch(facts)]
    .filter(({ startMs, endMs }) => endMs > startMs)
    .map((stretch) => ({ subscription, meter, ...stretch }));
}

/** Cancelled with an invoice of its own: that one covers the running period. */
function isCurrentInvoiced({ invoice, currentStartMs }: ItemFacts): boolean {
  return invoice !== null && invoice.endMs > currentStartMs;
}

function currentStretch(facts: ItemFacts): Stretch {
  const { invoice, endedAtMs, currentStartMs, currentEndMs } = facts;
  const range = { startMs: currentStartMs, endMs: Math.min(endedAtMs ?? currentEndMs, currentEndMs) };
  if (invoice !== null && isCurrentInvoiced(facts)) return { ...range, ...stateOf(invoice) };
  return { ...range, ...(endedAtMs === null ? running : final) };
}

function stretchesBefore(facts: ItemFacts): Stretch[] {
  const { startMs, currentStartMs, invoice } = facts;
  if (currentStartMs <= startMs) return [];
  if (invoice === null || isCurrentInvoiced(facts)) return [{ startMs, endMs: currentStartMs, ...uninvoiced(facts) }];
  const lastMs = Math.max(startMs, invoice.startMs);
  const last = invoice.endMs < currentStartMs ? uninvoiced(facts) : stateOf(invoice);
  return [
    { startMs, endMs: lastMs, ...final },
    { startMs: lastMs, endMs: currentStartMs, ...last },
  ];
}

/** Over, and no invoice of it is listed: not made yet, or never. */
function uninvoiced(facts: ItemFacts): Invoiced {
  if (isCurrentInvoiced(facts)) return final;
  return facts.nowMs < facts.currentStartMs + invoiceMadeWithinMs ? running : final;
}

function stateOf({ id, isDraft, finalizesAtMs }: CycleInvoice): Invoiced {
  return isDraft ? { state: 'draft', invoice: id, finalizesAtMs } : { ...final, invoice: id };
}
