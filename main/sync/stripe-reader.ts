/**
 * Reads Stripe for the sync agent: what the meters of a name count in a minute or by day, which events it reported as not counted.
 * Promises: every page is asked for with leave of the read budget, pages are followed to their end, nothing is half a sum; reports alone come in parts that say so.
 * Never writes.
 * Source: facts/stripe.md section 3.
 */
import { Stripe } from 'stripe';

import type { ErrorReport } from '../ledger/error-reports.ts';
import type { ReadKind } from '../ledger/stripe-reads.ts';
import type { PartOfReports, ReportWindow } from './report-windows.ts';
import { createMeterIds } from './stripe-meters.ts';
import { everyPage, leave, outcome, pageSize, type After, type Allow, type Read } from './stripe-reading.ts';

export type { Read } from './stripe-reading.ts';

export type DaySum = { readonly dayMs: number; readonly stripeValue: number };
export type HourSum = { readonly fromMs: number; readonly stripeValue: number };
export type SummaryQuestion = {
  readonly customer: string;
  readonly meter: string;
  readonly fromMs: number;
  readonly toMs: number;
};

export type StripeReader = {
  /** What the meter counts in [fromMs, toMs), both on whole minutes. */
  readonly sum: (question: SummaryQuestion) => Promise<Read<number>>;
  /** By UTC day; both ends on whole days. Days without usage may be left out. */
  readonly daySums: (question: SummaryQuestion) => Promise<Read<readonly DaySum[]>>;
  /** By hour; both ends on whole hours. Hours without usage may be left out. */
  readonly hourSums: (question: SummaryQuestion) => Promise<Read<readonly HourSum[]>>;
  /** The same, because a person asked. */
  readonly monthSums: (question: SummaryQuestion) => Promise<Read<readonly DaySum[]>>;
  /** The reports made in the window, as many pages of them as it asks for. */
  readonly errorReports: (window: ReportWindow) => Promise<Read<PartOfReports>>;
};

export function createStripeReader(client: Stripe, allow: Allow, nowMs: () => number): StripeReader {
  const idsOf = createMeterIds(client, allow, nowMs);

  async function summaries(
    kind: ReadKind,
    { customer, meter, fromMs, toMs }: SummaryQuestion,
    window: { readonly value_grouping_window?: 'hour' | 'day' } = {},
  ) {
    const range = { customer, start_time: fromMs / 1_000, end_time: toMs / 1_000, limit: pageSize };
    const ids = await idsOf(meter);
    const rows = [];
    for (const id of ids) {
      const page = (after: After) => client.billing.meters.listEventSummaries(id, { ...range, ...window, ...after });
      rows.push(...(await everyPage(kind, allow, page)));
    }
    return rows;
  }

  return {
    sum: (question) =>
      outcome(async () =>
        (await summaries('minutes', question)).reduce((sum, { aggregated_value: value }) => sum + value, 0),
      ),
    daySums: (question) => outcome(async () => daysOf(await summaries('days', question, byDay))),
    monthSums: (question) => outcome(async () => daysOf(await summaries('months', question, byDay))),
    hourSums: (question) =>
      outcome(async () => addUp(await summaries('minutes', question, { value_grouping_window: 'hour' }))),
    errorReports: (window) => outcome(() => reportsOf(client, allow, window)),
  };
}

const reportTypes = ['v1.billing.meter.error_report_triggered', 'v1.billing.meter.no_meter_found'];

/** Pages that were read count, also where there is no leave for the next. */
async function reportsOf(
  client: Stripe,
  allow: Allow,
  { fromMs, toMs, pagesMax }: ReportWindow,
): Promise<PartOfReports> {
  await leave(allow, 'reports');
  // v2 takes RFC 3339 (facts/stripe.md section 2); the SDK's type names v1's seconds.
  const timeOf = (ms: number) => new Date(ms).toISOString() as unknown as number;
  const created = { gte: timeOf(fromMs), ...(toMs === null ? {} : { lt: timeOf(toMs) }) };
  let page = await client.v2.core.events.list({ types: reportTypes, created, limit: pageSize });
  const events = [...page.data];
  let pages = 1;
  for (; page.next_page_url && pages < pagesMax && (await allow('reports')); pages++) {
    page = (await client.rawRequest('GET', page.next_page_url)) as unknown as typeof page;
    events.push(...page.data);
  }
  return { reports: events.map((event) => reportOf(event)), pages, isWhole: !page.next_page_url };
}

type ReportEvent =
  | Stripe.V2.Core.Events.V1BillingMeterErrorReportTriggeredEvent
  | Stripe.V2.Core.Events.V1BillingMeterNoMeterFoundEvent;

/** An event without the data that its type promises counts as one error that names nothing. */
function reportOf(event: Stripe.V2.Core.Event): ErrorReport {
  const { data, id, created } = event as ReportEvent;
  const reason = data?.reason;
  const samples = (reason?.error_types ?? []).flatMap(({ code, sample_errors: errors }) =>
    errors.map(({ error_message: message, request }) => ({
      code,
      message,
      requestIdentifier: request?.identifier ?? null,
    })),
  );
  return {
    id,
    createdMs: Date.parse(created),
    errorCount: reason?.error_count ?? 1,
    sentence: data?.developer_message_summary ?? '',
    samples,
  };
}

const byDay = { value_grouping_window: 'day' } as const;

function daysOf(rows: readonly Stripe.Billing.MeterEventSummary[]): DaySum[] {
  return addUp(rows).map(({ fromMs: dayMs, stripeValue }) => ({ dayMs, stripeValue }));
}

/** Of several meters of one name. */
function addUp(rows: readonly Stripe.Billing.MeterEventSummary[]): HourSum[] {
  const sums = new Map<number, number>();
  for (const { start_time: startS, aggregated_value: value } of rows)
    sums.set(startS * 1_000, (sums.get(startS * 1_000) ?? 0) + value);
  return [...sums].map(([fromMs, stripeValue]) => ({ fromMs, stripeValue }));
}
