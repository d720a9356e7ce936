/** The outbox as text for a terminal: what waits, what went wrong and what to do, what is to be settled. Pure. */
import type { MeterEventDetail, StripeView } from '../../shared/contract/api.ts';
import { closingSentence, leavingSentence, onNoInvoiceSentence } from '../../shared/leaving-words.ts';
import {
  amountInWords,
  labelledAmountInWords,
  labelledValueInWords,
  valueInWords,
  worthInWords,
} from '../../shared/meter-amount-words.ts';
import { groupOf } from '../../shared/meter-event-groups.ts';
import { formatUsd } from '../../shared/money.ts';
import type { DayOf } from '../../shared/period.ts';
import { sumInWords } from '../../shared/spend-words.ts';
import type { OutboxView } from '../ledger/outbox-read.ts';
import { layOut } from './table.ts';

export function statusText(view: OutboxView, dayOf: DayOf): string[] {
  const { waitingEvents, acceptedEvents, acceptedNanoUsd, confirmedEvents, rejectedEvents, openNanoUsd } = view;
  const waiting = `${counted(waitingEvents, 'meter event waits', 'meter events wait')}, worth ${worthInWords({ nanoUsd: view.waitingNanoUsd, ...view.waitingQuantities }, 6)}`;
  const open = worthInWords({ nanoUsd: openNanoUsd, ...view.openQuantities }, 6);
  const delivered = worthInWords({ nanoUsd: acceptedNanoUsd, ...view.acceptedQuantities }, 6);
  const leaving = leavingSentence(view.leaving, { dayOf, isOffline: true });
  const closing = closingSentence(view.closing, { dayOf, isOffline: true });
  return [
    `${waiting}; ${open} more is in minutes that are not sealed yet.`,
    ...(view.oldestWaitingMinuteMs === null
      ? []
      : [`The oldest of what waits is of ${minuteText(view.oldestWaitingMinuteMs)} (UTC).`]),
    `${number(acceptedEvents)} delivered, worth ${delivered}, ${number(confirmedEvents)} of them confirmed by Stripe’s own figure; ${number(rejectedEvents)} refused.`,
    `${number(view.reads.used)} of the ${number(view.reads.max)} reads that Stripe allows in a month are used.`,
    ...(leaving === null ? [] : [leaving]),
    ...(closing === null ? [] : [closing]),
    ...view.onNoInvoice.map((one) => onNoInvoiceSentence(one, dayOf)),
    ...notBilledText(view),
    ...eventsText(view),
    ...carryForwardsText(view.carryForwards),
    ...dayDifferencesText(view.dayDifferences),
    ...differencesText(view.differences),
  ];
}

/** What is in no meter event. */
function notBilledText({ unpriced, unmapped }: OutboxView): string[] {
  const calls = (count: number) => counted(count, 'call', 'calls');
  const one = unmapped.calls === 1;
  return [
    ...(unpriced.calls > 0
      ? [
          `${calls(unpriced.calls)} of ${counted(unpriced.customers, 'customer', 'customers')} unpriced, in no meter event until they have a price: \`tollkeeper report\` says why.`,
        ]
      : []),
    ...(unmapped.calls > 0
      ? [
          `${calls(unmapped.calls)} of this month (${sumInWords(unmapped)}) ${one ? 'has' : 'have'} no customer and ${one ? 'is' : 'are'} billed to nobody; \`tollkeeper stripe mapping\` shows which wait for one.`,
        ]
      : []),
  ];
}

function eventsText({ events, eventsInAll }: OutboxView): string[] {
  const shown = events.filter((event) => groupOf(event) !== 'done');
  const inAll = eventsInAll.stopped + eventsInAll.waiting;
  // Money says it all; tokens are told beside what they are worth.
  const areTokens = shown.some(({ unit }) => unit !== 'micro_usd');
  const rows = shown.map((event) => [
    event.id,
    event.customer,
    minuteText(event.minuteMs),
    ...(areTokens ? [labelledValueInWords(event, event.value)] : []),
    eventWorth(event),
    event.state.replace('_', ' '),
    event.lastAnswer ?? '–',
  ]);
  if (rows.length === 0) return [];
  const titles = [
    'event',
    'customer',
    'minute (UTC)',
    ...(areTokens ? ['counts'] : []),
    'worth',
    'state',
    'last answer',
  ];
  const lines = table(titles, areTokens ? [4] : [3], rows);
  const isStopped = events.some(({ state }) => state === 'rejected' || state === 'set_aside');
  return [
    '',
    ...lines,
    ...(shown.length < inAll ? [`The newest ${number(shown.length)} of ${number(inAll)}.`] : []),
    ...(isStopped ? ['Send one again: `sync retry ID`. Bill it another way: `sync set-aside ID`.'] : []),
  ];
}

function eventWorth({ worthNanoUsd, unpricedCalls, calls }: OutboxView['events'][number]): string {
  if (unpricedCalls === calls) return 'unpriced';
  return worthInWords({ nanoUsd: worthNanoUsd, unpricedEvents: unpricedCalls }, 6);
}

function carryForwardsText(proposed: StripeView['carryForwards']): string[] {
  if (proposed.length === 0) return [];
  const asked = proposed.filter((one) => one.asked !== null).length;
  return [
    '',
    'For one invoice item a customer (see `sync carry-forward CUSTOMER`):',
    ...table(
      ['customer', 'sum', 'for the invoice'],
      [1],
      proposed.map(({ customer, nanoUsd, sentence }) => [customer, formatUsd(nanoUsd, 6), sentence]),
    ),
    ...(asked === 0
      ? []
      : [`${counted(asked, 'item was', 'items were')} asked for without an answer; looked up before another is made.`]),
  ];
}

function dayDifferencesText(days: StripeView['dayDifferences']): string[] {
  if (days.length === 0) return [];
  const rows = days.map(({ dayMs, customer, acceptedValue, stripeValue, ...meter }) => [
    new Date(dayMs).toISOString().slice(0, 10),
    customer,
    labelledValueInWords(meter, acceptedValue),
    valueInWords(meter.unit, stripeValue),
    valueInWords(meter.unit, stripeValue - acceptedValue),
  ]);
  return [
    '',
    `Stripe’s figure of ${counted(days.length, 'day differs', 'days differ')}; each is compared again every day, and nothing is sent on it.`,
    ...table(['day (UTC)', 'customer', 'delivered', 'in Stripe', 'difference'], [2, 3, 4], rows),
  ];
}

/** Calls that were corrected after Stripe had been told of them. */
function differencesText({ calls, nanoUsd, tokens, requests, rows }: OutboxView['differences']): string[] {
  if (calls === 0) return [];
  const cells = rows.map(({ callId, customer, minuteMs, sentThousandths, dueThousandths, ...meter }) => [
    callId,
    customer,
    minuteText(minuteMs),
    labelledAmountInWords(meter, sentThousandths),
    amountInWords(meter.unit, dueThousandths),
    amountInWords(meter.unit, dueThousandths - sentThousandths),
  ]);
  return [
    '',
    `${counted(calls, 'call was', 'calls were')} corrected after Stripe had been told, ${worthInWords({ nanoUsd, tokens, requests }, 6)} in all: adjusted by itself within 24 hours of its event, else part of a carry-forward${new Set(rows.map(({ callId }) => callId)).size < calls ? `; the newest ${rows.length} are listed` : ''}.`,
    ...table(['call', 'customer', 'minute (UTC)', 'sent', 'due', 'difference'], [3, 4, 5], cells),
  ];
}

export function eventText({ event, lead, spent, adjustment, calls }: MeterEventDetail): string[] {
  const { identifier, customer, minuteMs, value, unit, state, lastAnswer } = event;
  const areTokens = unit !== 'micro_usd';
  const rows = calls.map(({ id, startedAtMs, member, project, model, amountThousandths, worthNanoUsd }) => [
    id,
    new Date(startedAtMs).toISOString(),
    member ?? '–',
    project ?? '–',
    model ?? '–',
    amountInWords(unit, amountThousandths),
    ...(areTokens ? [worthNanoUsd === null ? 'unpriced' : formatUsd(worthNanoUsd, 9)] : []),
  ]);
  const corrected =
    adjustment === null || adjustment.calls === 0
      ? []
      : [
          `${counted(adjustment.calls, 'call was', 'calls were')} corrected since, ${adjustmentInWords(event, adjustment)}. ${adjustment.sentence}`,
        ];
  return [
    ...(lead === null ? [] : [lead]),
    `${labelledValueInWords(event, value)} of ${customer}${areTokens ? `, worth ${eventWorth(event)},` : ''} in the minute ${minuteText(minuteMs)} UTC: ${state.replace('_', ' ')}. ${lastAnswer ?? ''}`.trimEnd(),
    `Stripe is told ${identifier}.`,
    ...spent.map((earlier) => `Earlier ${earlier.identifier}: ${earlier.reason}`),
    ...corrected,
    '',
    ...table(
      ['call', 'started (UTC)', 'member', 'project', 'model', ...(areTokens ? ['counted', 'worth'] : ['billed'])],
      areTokens ? [5, 6] : [5],
      rows,
    ),
    ...(calls.length < event.calls ? [`The first ${calls.length} of ${number(event.calls)} calls are listed.`] : []),
  ];
}

function table(titles: readonly string[], numbers: readonly number[], rows: readonly (readonly string[])[]): string[] {
  const columns = titles.map((title, index) => ({
    title,
    align: numbers.includes(index) ? ('right' as const) : ('left' as const),
  }));
  return layOut(columns, rows);
}

function minuteText(minuteMs: number): string {
  return new Date(minuteMs).toISOString().slice(0, 16);
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}

function counted(count: number, one: string, many: string): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

type Adjustment = NonNullable<MeterEventDetail['adjustment']>;

function adjustmentInWords(meter: MeterEventDetail['event'], { amountThousandths, nanoUsd }: Adjustment): string {
  const counts = labelledAmountInWords(meter, Math.abs(amountThousandths));
  if (meter.unit === 'micro_usd') return `${formatUsd(Math.abs(nanoUsd), 6)} ${nanoUsd < 0 ? 'less' : 'more'}`;
  return `${counts} ${amountThousandths < 0 ? 'less' : 'more'} (${formatUsd(nanoUsd, 6)})`;
}
