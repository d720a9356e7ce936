/**
 * A customer's month on both sides: the ledger's days beside Stripe's figures, where each part of the sum is, and that all of it adds up. Stripe's figures
 * are those last read; asking again uses reads, so a person does it.
 */
import { useState, type ReactNode } from 'react';

import type {
  CustomerMonth as Month,
  CustomerMonthRead,
  MonthDay,
  MonthMeter,
} from '../../../shared/contract/stripe-month.ts';
import { meterInWords } from '../../../shared/meter-amount-words.ts';
import { monthOfDay, previousMonth } from '../../../shared/period.ts';
import {
  exactnessInWords,
  monthWorthInWords,
  partsOfMonth,
  partWords,
  zoneSentence,
} from '../../../shared/month-words.ts';
import { plural } from '../../components/count.tsx';
import { MeterAmount } from '../../components/meter-amount.tsx';
import { Money } from '../../components/money.tsx';
import { Failed, Loading, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { useBilledCustomers, useCustomerMonth, useReadMonth } from '../../data/queries.ts';

/** `nowMs`: of the engine, whose days decide what month is running. */
export function CustomerMonth({ nowMs }: { readonly nowMs: number }) {
  const { data } = useBilledCustomers();
  const [customer, setCustomer] = useState<string | null>(null);
  const [month, setMonth] = useState(monthOfDay(new Date(nowMs).toISOString()));
  const customers = data?.customers ?? [];
  if (customers.length === 0) return null;
  const months = monthsBefore(monthOfDay(new Date(nowMs).toISOString()));
  return (
    <section className="mb-6" aria-labelledby="customer-month">
      <h2 id="customer-month" className="mb-1">
        A customer’s month on both sides
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        What the ledger bills, by UTC day as Stripe counts, beside Stripe’s own figures.
      </p>
      <div className="mb-3 flex flex-wrap items-center gap-2 text-[13px]">
        <label className="flex items-center gap-1.5">
          Customer{' '}
          <select
            className="control max-w-[60vw]"
            value={customer ?? ''}
            onChange={(event) => setCustomer(event.target.value || null)}
          >
            <option value="">choose one</option>
            {customers.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="flex items-center gap-1.5">
          Month{' '}
          <select className="control" value={month} onChange={(event) => setMonth(event.target.value)}>
            {months.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      {customer === null ? null : <Chosen key={`${customer} ${month}`} customer={customer} month={month} />}
    </section>
  );
}

const monthsShown = 13;

function monthsBefore(month: string): string[] {
  const months = [month];
  while (months.length < monthsShown) months.push(previousMonth(months.at(-1) ?? month));
  return months;
}

function Chosen({ customer, month }: { readonly customer: string; readonly month: string }) {
  const { data, error } = useCustomerMonth(customer, month);
  const read = useReadMonth(customer, month);
  if (!data) return error ? <Failed error={error} /> : <Loading what="the month" />;
  return (
    <>
      <p className="mb-2.5 flex flex-wrap items-center gap-3 text-[13px] text-dim">
        <button type="button" className="control" disabled={read.isPending} onClick={() => read.mutate()}>
          {read.isPending ? 'Asking Stripe…' : 'Ask Stripe'}
        </button>
        <span role="status">
          {data.readAtMs === null ? (
            'Stripe has not been asked for this month yet.'
          ) : (
            <>
              Stripe’s figures are those of <Time at={data.readAtMs} kind="full" />.
            </>
          )}{' '}
          {read.data ? readWords(read.data) : ''}
        </span>
      </p>
      {read.error ? <Failed error={read.error} /> : null}
      {read.data?.trouble ? <Notice>Stripe was not read: {read.data.trouble}</Notice> : null}
      {data.days.length === 0 ? <p className="text-dim">No billed calls in this month.</p> : <Days month={data} />}
    </>
  );
}

function readWords({ readsTaken, reads }: CustomerMonthRead): string {
  return `${plural(readsTaken, 'read')} for this; ${reads.used.toLocaleString('en-US')} of ${reads.max.toLocaleString('en-US')} of a month are used.`;
}

function Days({ month }: { readonly month: Month }) {
  const { days, meters, total, unpricedCalls } = month;
  return (
    <>
      <DayTable days={days} showsMeter={meters.length > 1} />
      {meters.map((meter) => (
        <Meter key={meter.meter} meter={meter} isNamed={meters.length > 1} />
      ))}
      <p className="mt-2.5 max-w-[80ch] text-[13px] text-dim">
        {meters.length > 1 ? (
          <>
            All of it is {plural(total.calls, 'call')}, worth <Money nano={total.dueNanoUsd} decimals={6} />.{' '}
          </>
        ) : null}
        {zoneSentence(month)}
        {unpricedCalls > 0
          ? ` ${plural(unpricedCalls, 'call has', 'calls have')} no price and ${unpricedCalls === 1 ? 'is' : 'are'} in no sum of money.`
          : ''}
      </p>
    </>
  );
}

type DayTableProps = { readonly days: readonly MonthDay[]; readonly showsMeter: boolean };

function DayTable({ days, showsMeter }: DayTableProps) {
  return (
    <div className="framed">
      <table className="table stacks">
        <caption className="sr-only">Days of the month, what the ledger bills and what Stripe counts</caption>
        <thead>
          <tr>
            <th scope="col">Day (UTC)</th>
            {showsMeter ? <th scope="col">Meter</th> : null}
            {['Calls', 'Ledger', 'Delivered', 'In Stripe', 'Difference'].map((title) => (
              <th key={title} scope="col" className="number">
                {title}
              </th>
            ))}
            <th scope="col">Why, and what is elsewhere</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <Day key={`${day.day} ${day.meter}`} day={day} showsMeter={showsMeter} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One meter's month: its parts, and that they add up. Tokens stand beside what they are worth. */
function Meter({ meter, isNamed }: { readonly meter: MonthMeter; readonly isNamed: boolean }) {
  const { unit, dueThousandths, leftThousandths, stripeValue } = meter;
  const part = (label: string, thousandths: number, decimals = 6) => (
    <Part key={label} label={label}>
      <MeterAmount unit={unit} thousandths={thousandths} decimals={decimals} />
    </Part>
  );
  return (
    <>
      {isNamed ? (
        <h3 className="mt-4 text-[13px] font-semibold first-letter:uppercase">{meterInWords(meter)}</h3>
      ) : null}
      <dl className={`${isNamed ? 'mt-1' : 'mt-3'} flex flex-wrap gap-x-7 gap-y-2`}>
        {part('The ledger’s month', dueThousandths)}
        {unit === 'micro_usd' ? null : <Part label="worth">{monthWorthInWords(meter)}</Part>}
        {partsOfMonth(meter).map(({ name, thousandths }) =>
          part(partWords[name], thousandths, name === 'remainderThousandths' ? 9 : 6),
        )}
        {stripeValue === null ? null : part('In Stripe', stripeValue * 1_000)}
      </dl>
      <p className="mt-1.5 max-w-[80ch] text-[13px] text-dim">
        {leftThousandths === 0 ? (
          `The parts add up to the ledger’s month, ${exactnessInWords(unit)}.`
        ) : (
          <>
            The parts leave <MeterAmount unit={unit} thousandths={leftThousandths} /> over: run tollkeeper verify.
          </>
        )}
      </p>
    </>
  );
}

function Day({ day, showsMeter }: { readonly day: MonthDay; readonly showsMeter: boolean }) {
  const { unit, stripeValue, differenceValue, cause } = day;
  const elsewhere = partsOfMonth({ ...day, deliveredThousandths: 0, remainderThousandths: 0 });
  const isQuiet = cause === null && elsewhere.length === 0;
  const amount = (thousandths: number) => <MeterAmount unit={unit} thousandths={thousandths} decimals={6} />;
  return (
    <tr>
      <td data-label="Day (UTC)">{day.day}</td>
      {showsMeter ? <td data-label="Meter">{meterInWords(day)}</td> : null}
      <td data-label="Calls" className="number">
        {day.calls.toLocaleString('en-US')}
      </td>
      <td data-label="Ledger" className="number">
        <span>
          {amount(day.dueThousandths)}
          {unit === 'micro_usd' ? null : (
            <span className="block text-xs whitespace-nowrap text-faint">{monthWorthInWords(day)}</span>
          )}
        </span>
      </td>
      <td data-label="Delivered" className="number">
        {amount(day.deliveredThousandths)}
      </td>
      <td data-label="In Stripe" className="number">
        {stripeValue === null ? <span className="text-faint">not read</span> : amount(stripeValue * 1_000)}
      </td>
      <td data-label="Difference" className={differenceValue ? 'number font-medium text-stop' : 'number'}>
        {differenceValue === null ? '–' : amount(differenceValue * 1_000)}
      </td>
      {/* On a narrow screen a sentence takes the whole width; a day without one takes none. */}
      <td
        className={`text-dim min-[721px]:max-w-[44ch] min-[721px]:whitespace-normal! ${
          isQuiet ? 'hidden! min-[721px]:table-cell!' : 'block! text-left! min-[721px]:table-cell!'
        }`}
      >
        <span>
          {cause}{' '}
          {elsewhere.map(({ name, thousandths }) => (
            <span key={name} className="block">
              {amount(thousandths)} {partWords[name]}
            </span>
          ))}
        </span>
      </td>
    </tr>
  );
}

function Part({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt className="max-w-[26ch] text-xs text-faint">{label}</dt>
      <dd className="text-[15px] font-semibold">{children}</dd>
    </div>
  );
}
