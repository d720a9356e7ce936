/** Days on which Stripe's own figure is not what it accepted, with both figures. */
import type { DayComparison } from '../../../shared/contract/api.ts';
import { plural } from '../../components/count.tsx';
import { MeterAmount, MeterNote } from '../../components/meter-amount.tsx';

/** Stripe’s figure is a number that need not be whole. */
function thousandthsOf(value: number): number {
  return Math.round(value * 1_000);
}

export function DayDifferences({ days }: { readonly days: readonly DayComparison[] }) {
  if (days.length === 0) return null;
  return (
    <section className="mb-6" aria-labelledby="day-differences">
      <h2 id="day-differences" className="mb-1">
        Stripe counts something else · {plural(days.length, 'day')}
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        What was delivered on these days, and Stripe’s own figure of them. Each is compared again every day; nothing is
        sent on a difference. Look whether something else sends to this meter for this customer, such as another machine
        that bills it from a ledger of its own, or an event was cancelled in Stripe.
      </p>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">Days that differ, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col">Customer</th>
              <th scope="col" className="number">
                Delivered
              </th>
              <th scope="col" className="number">
                In Stripe
              </th>
              <th scope="col" className="number">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ customer, meter, dayMs, acceptedValue, stripeValue, ...label }) => (
              <tr key={`${customer} ${meter} ${dayMs}`}>
                <td data-label="Day (UTC)">{new Date(dayMs).toISOString().slice(0, 10)}</td>
                <td data-label="Customer">
                  <span>
                    {customer}
                    <MeterNote meter={label} />
                  </span>
                </td>
                <td data-label="Delivered" className="number">
                  <MeterAmount unit={label.unit} thousandths={acceptedValue * 1_000} decimals={6} />
                </td>
                <td data-label="In Stripe" className="number">
                  <MeterAmount unit={label.unit} thousandths={thousandthsOf(stripeValue)} decimals={6} />
                </td>
                <td data-label="Difference" className="number font-medium">
                  <span>
                    {stripeValue > acceptedValue ? '+' : ''}
                    <MeterAmount
                      unit={label.unit}
                      thousandths={thousandthsOf(stripeValue) - acceptedValue * 1_000}
                      decimals={6}
                    />
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
