/** What the simulated Stripe remembers. Plain data with bounds; the rules stand in the files that use it. */

export type SandboxMeter = {
  readonly id: string;
  readonly eventName: string;
  readonly customerKey: string;
  readonly valueKey: string;
  readonly displayName: string;
  /** How values become a sum; left out, they are added up. */
  readonly formula?: string;
  /** Set: events of a window are aggregated already, and the newest one wins. */
  readonly timeWindow?: string | null;
  isActive: boolean;
};

export type SandboxCustomer = {
  readonly id: string;
  readonly name: string;
  readonly email?: string | null;
  readonly isDeleted?: boolean;
};

export type SandboxProduct = { readonly id: string; readonly name: string; isActive: boolean };

export type SandboxPrice = {
  readonly id: string;
  readonly product: string;
  readonly currency: string;
  /** Cents. */
  readonly unitAmountDecimal: string;
  readonly meter: string | null;
  readonly interval: string | null;
  readonly usageType: string;
  readonly nickname: string | null;
  lookupKey: string | null;
  isActive: boolean;
};

export type SandboxEvent = {
  readonly identifier: string;
  readonly eventName: string;
  /** Of several of this name, the one that was active when it was received; left out where nobody asks. */
  readonly meterId?: string;
  readonly customer: string;
  readonly value: string;
  readonly timestampMs: number;
  readonly receivedAtMs: number;
  readonly idempotencyKey: string | null;
  /** Set by the asynchronous validation; null while it counts. */
  failure: string | null;
  isCancelled: boolean;
  /** From when on summaries do not hold it any more. */
  cancelledAtMs?: number;
};

export type SandboxSubscription = {
  readonly id: string;
  readonly customer: string;
  readonly eventName: string;
  readonly meterId: string;
  readonly interval: 'day' | 'week' | 'month';
  readonly startMs: number;
  currentStartMs: number;
  currentEndMs: number;
  endedAtMs: number | null;
  latestInvoice: string | null;
};

export type SandboxInvoice = {
  readonly id: string;
  readonly customer: string;
  readonly eventName: string;
  readonly subscription: string;
  readonly reason: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly createdMs: number;
  readonly finalizesAtMs: number;
  finalizedAtMs: number | null;
  /** What the meter held of the period when it was made final; null while it is a draft. */
  quantity: bigint | null;
};

export type SandboxInvoiceItem = {
  readonly id: string;
  readonly customer: string;
  readonly cents: number;
  readonly currency: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdMs: number;
  /** Null until the customer's next invoice takes it. */
  invoice: string | null;
};

/** A thin event of the v2 list: something that was wrong with events Stripe had answered 200 for. */
export type SandboxErrorEvent = {
  readonly id: string;
  readonly type: 'v1.billing.meter.error_report_triggered' | 'v1.billing.meter.no_meter_found';
  readonly createdMs: number;
  readonly meterId: string | null;
  readonly code: string;
  readonly message: string;
  readonly requestIdentifier: string;
};

export type StoredAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly request: string;
  readonly atMs: number;
};

export type StripeState = {
  readonly meters: Map<string, SandboxMeter>;
  readonly customers: Map<string, SandboxCustomer>;
  readonly products: Map<string, SandboxProduct>;
  readonly prices: Map<string, SandboxPrice>;
  /** Ids of the account's other mode, which this one does not know. */
  readonly otherModeIds: Set<string>;
  readonly events: SandboxEvent[];
  /** The same by customer and meter, so that a summary does not read all of them. */
  readonly eventsOfPair: Map<string, SandboxEvent[]>;
  /** Identifier → when it was first used; pruned after a day. */
  readonly identifiers: Map<string, number>;
  readonly idempotent: Map<string, StoredAnswer>;
  readonly errorEvents: SandboxErrorEvent[];
  readonly subscriptions: Map<string, SandboxSubscription>;
  readonly invoices: SandboxInvoice[];
  readonly invoiceItems: SandboxInvoiceItem[];
  /** Session token → when it expires. */
  readonly sessions: Map<string, number>;
  /** "customer meter" pairs with a request under way. */
  readonly busy: Set<string>;
};

export function createStripeState(): StripeState {
  return {
    meters: new Map(),
    customers: new Map(),
    products: new Map(),
    prices: new Map(),
    otherModeIds: new Set(),
    events: [],
    eventsOfPair: new Map(),
    identifiers: new Map(),
    idempotent: new Map(),
    errorEvents: [],
    subscriptions: new Map(),
    invoices: [],
    invoiceItems: [],
    sessions: new Map(),
    busy: new Set(),
  };
}

/** A day: identifiers are unique, and first answers replayed, "for at least 24 hours" (facts/stripe.md section 1). */
export const dayMs = 24 * 3_600_000;

export function prune(state: StripeState, nowMs: number): void {
  for (const [identifier, atMs] of state.identifiers) {
    if (atMs > nowMs - dayMs) break;
    state.identifiers.delete(identifier);
  }
  for (const [key, answer] of state.idempotent) {
    if (answer.atMs > nowMs - dayMs) break;
    state.idempotent.delete(key);
  }
}
