/** Calls that were corrected after Stripe had been told of them: what each customer is to be charged or given back, and for which calls. */
import { Link } from 'wouter';

import type { BillingDifference, StripeView } from '../../../shared/contract/api.ts';
import { plural } from '../../components/count.tsx';
import { countedInWords } from '../../../shared/meter-amount-words.ts';
import { MeterAmount, MeterNote } from '../../components/meter-amount.tsx';
import { Money } from '../../components/money.tsx';
import { Time } from '../../components/time.tsx';
import { sumsByCustomer } from './differences-sums.ts';

export function Differences({ differences }: { readonly differences: StripeView['differences'] }) {
  const { calls, nanoUsd, tokens, requests, rows } = differences;
  if (calls === 0) return null;
  const isAll = new Set(rows.map(({ callId }) => callId)).size === calls;
  const counted = countedInWords({ tokens, requests });
  return (
    <section className="mb-6" aria-labelledby="differences">
      <h2 id="differences" className="mb-1">
        Differences to settle · {plural(calls, 'call')}, {counted === null ? null : `${counted} worth `}
        <Money nano={nanoUsd} decimals={6} /> in all
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        These calls were corrected after their meter event had been sent. Within 24 hours of that the event is cancelled
        and sent anew by itself; later the difference is part of the customer’s item above, or a credit.{' '}
        {isAll
          ? sumsByCustomer(rows).map(({ customer, differenceNanoUsd }) => (
              <span key={customer} className="mt-0.5 block">
                {customer}:{' '}
                <b className="font-semibold text-text">
                  <Money nano={Math.abs(differenceNanoUsd)} decimals={9} />{' '}
                  {differenceNanoUsd < 0 ? 'to give back' : 'to charge'}
                </b>
              </span>
            ))
          : `The newest ${rows.length.toLocaleString('en-US')} are listed.`}
      </p>
      <div className="framed max-h-[420px] overflow-y-auto">
        <table className="table stacks">
          <caption className="sr-only">What Stripe was told of each call and what is due, the newest first</caption>
          <thead className="min-[721px]:sticky min-[721px]:top-0 min-[721px]:z-1 min-[721px]:bg-surface">
            <tr>
              <th scope="col">Minute</th>
              <th scope="col">Customer</th>
              <th scope="col">Call</th>
              <th scope="col" className="number">
                Sent
              </th>
              <th scope="col" className="number">
                Due
              </th>
              <th scope="col" className="number">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.callId} ${row.customer} ${row.meter}`} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ row }: { readonly row: BillingDifference }) {
  const { unit } = row;
  const difference = row.dueThousandths - row.sentThousandths;
  return (
    <tr>
      <td data-label="Minute">
        <Time at={row.minuteMs} kind="full" />
      </td>
      <td data-label="Customer">
        <span>
          {row.customer}
          <MeterNote meter={row} />
        </span>
      </td>
      <td data-label="Call">
        <Link
          href={`/calls/${row.callId}`}
          className="underline underline-offset-2"
          aria-label={`Call ${row.callId}, explained`}
        >
          <code className="text-xs break-all">{row.callId}</code>
        </Link>
      </td>
      <td data-label="Sent" className="number">
        <MeterAmount unit={unit} thousandths={row.sentThousandths} />
      </td>
      <td data-label="Due" className="number">
        <MeterAmount unit={unit} thousandths={row.dueThousandths} />
      </td>
      <td data-label="Difference" className="number font-medium">
        <span>
          {difference > 0 ? '+' : ''}
          <MeterAmount unit={unit} thousandths={difference} />
        </span>
      </td>
    </tr>
  );
}
