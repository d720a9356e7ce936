/**
 * Reads Stripe's figures of a customer's month, by UTC day and meter, because a person asked. What cannot be read leaves what was read before, with a
 * sentence that says why.
 */
import { monthRange } from '../ledger/read-customer-month.ts';
import type { StripeDaysRead } from '../ledger/record-stripe-days.ts';
import type { Clock } from '../system/clock.ts';
import type { Probe } from './probe.ts';
import type { StripeReader } from './stripe-reader.ts';

export type MonthStore = {
  readonly meters: (question: {
    readonly customer: string;
    readonly fromMs: number;
    readonly toMs: number;
  }) => Promise<readonly string[]>;
  readonly record: (read: StripeDaysRead) => Promise<void>;
};

export type MonthReader = {
  /** Why it could not be read; null when it was. */
  readonly read: (customer: string, month: string) => Promise<string | null>;
};

export type MonthReaderOptions = {
  readonly store: MonthStore;
  readonly reader: Pick<StripeReader, 'monthSums'>;
  readonly probe: Probe;
  readonly clock: Clock;
};

const dayMs = 24 * 3_600_000;

export function createMonthReader({ store, reader, probe, clock }: MonthReaderOptions): MonthReader {
  return {
    read: async (customer, month) => {
      const nowMs = clock.nowMs();
      const { fromMs, toMs } = monthRange(month, 'UTC');
      // Today is whole days of Stripe's as well: up to the end of it.
      const range = { customer, fromMs, toMs: Math.min(toMs, Math.floor(nowMs / dayMs) * dayMs + dayMs) };
      if (range.toMs <= fromMs) return 'This month has not begun yet (UTC).';
      if (!(await probe())) return 'Stripe cannot be reached.';
      for (const meter of await store.meters(range)) {
        const read = await reader.monthSums({ ...range, meter });
        if (read.kind === 'no_budget') return 'The reads that Stripe allows in a month are used up for this.';
        if (read.kind === 'failed') return read.sentence;
        await store.record({ ...range, meter, sums: read.value, nowMs: clock.nowMs() });
      }
      return null;
    },
  };
}
