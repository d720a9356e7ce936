/** Meter event summaries, of one meter by its id: sums by minute-aligned range, in buckets of an hour or a day where asked (facts/stripe.md section 3). */
import { v1Error, v1List, type StripeReply } from './stripe-answers.ts';
import { textOf, type Form } from './stripe-form.ts';
import { sumOf } from './stripe-meter-events.ts';
import type { SandboxMeter, StripeState } from './stripe-state.ts';

const minuteS = 60;
const windowsS: Readonly<Record<string, number>> = { hour: 3_600, day: 86_400 };
const limitMax = 100;
const limitDefault = 10;

export type Seen = { readonly visibleUntilMs: number; readonly isEndIncluded: boolean };

export function listSummaries(
  state: StripeState,
  meter: SandboxMeter,
  query: Form,
  { visibleUntilMs, isEndIncluded }: Seen,
): StripeReply {
  const customer = textOf(query, 'customer');
  const start = Number(textOf(query, 'start_time') ?? NaN);
  const end = Number(textOf(query, 'end_time') ?? NaN);
  if (customer === null || !Number.isInteger(start) || !Number.isInteger(end)) {
    return v1Error(400, {
      message: 'Missing required param: customer, start_time or end_time.',
      code: 'parameter_missing',
    });
  }
  const grouping = textOf(query, 'value_grouping_window');
  const step = grouping === null ? end - start : windowsS[grouping];
  if (step === undefined) return v1Error(400, { message: 'Invalid value_grouping_window: must be one of hour or day' });
  const alignment = grouping === null ? minuteS : step;
  if (start % alignment !== 0 || end % alignment !== 0 || end <= start) {
    return v1Error(400, {
      message: `start_time and end_time must be aligned with ${grouping ?? 'minute'} boundaries.`,
    });
  }
  // Events are stamped with whole seconds.
  const pastEnd = isEndIncluded ? 0.5 : 0;
  const rows = bucketsOf(start, end, step).map(([from, to]) =>
    summaryRow(state, meter, customer, from, to + pastEnd, visibleUntilMs),
  );
  return page(rows, query, `/v1/billing/meters/${meter.id}/event_summaries`);
}

function bucketsOf(start: number, end: number, step: number): [number, number][] {
  return Array.from({ length: Math.ceil((end - start) / step) }, (_, index) => [
    start + index * step,
    start + (index + 1) * step,
  ]);
}

function summaryRow(
  state: StripeState,
  meter: SandboxMeter,
  customer: string,
  from: number,
  to: number,
  visibleUntilMs: number,
) {
  const sum = sumOf(state, meter.eventName, customer, from * 1_000, to * 1_000, visibleUntilMs, meter.id);
  return {
    id: `mtrusg_${meter.id}_${from}`,
    object: 'billing.meter_event_summary',
    aggregated_value: Number(sum),
    start_time: from,
    end_time: Math.floor(to),
    livemode: false,
    meter: meter.id,
  };
}

/** Cursor pages as everywhere in v1: `limit`, `starting_after`. */
export function page(rows: readonly { readonly id: string }[], query: Form, url: string): StripeReply {
  const limit = Math.min(limitMax, Math.max(1, Number(textOf(query, 'limit') ?? limitDefault)));
  const after = textOf(query, 'starting_after');
  const from = after === null ? 0 : rows.findIndex((row) => row.id === after) + 1;
  return v1List(rows.slice(from, from + limit), rows.length > from + limit, url);
}
