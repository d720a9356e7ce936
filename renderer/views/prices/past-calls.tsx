/** Past calls and the book: which books priced this month, what was corrected, and pricing them again. */
import { Link } from 'wouter';

import type { PricedByView } from '../../../shared/contract/prices.ts';
import { plural } from '../../components/count.tsx';
import { Money, totalDecimals } from '../../components/money.tsx';
import { Failed } from '../../components/states.tsx';
import { callsLink, daysOf } from '../../data/links.ts';
import { usePricedBy, usePrices } from '../../data/queries.ts';
import { monthName } from '../month/comparison.ts';
import { Rerate } from './rerate.tsx';

export function PastCalls() {
  const { data: view, error } = usePricedBy();
  return (
    <section className="mb-7" aria-labelledby="past-calls">
      <h2 id="past-calls" className="mb-1">
        Past calls
      </h2>
      {view ? (
        <PricedBy view={view} />
      ) : error ? (
        <Failed error={error} />
      ) : (
        <p className="text-dim">Reading the calls…</p>
      )}
      <Rerate />
    </section>
  );
}

function PricedBy({ view }: { readonly view: PricedByView }) {
  const { data: prices } = usePrices();
  const days = daysOf(view.month);
  if (view.calls === 0) return <p className="text-dim">No calls in {monthName(view.month)} yet.</p>;
  return (
    <div className="mb-3 text-[13px]">
      <p className="text-dim">
        {monthName(view.month)}
        {view.isWhole ? '' : `, the newest ${plural(view.calls, 'call')}`}:
      </p>
      <ul>
        {view.books.map(({ priceBook, calls, costNanoUsd }) => (
          <li key={priceBook} className="py-0.5">
            <Link href={callsLink({ book: priceBook, ...days })} className="underline underline-offset-2">
              {plural(calls, 'call')}
            </Link>{' '}
            priced by {bookName(priceBook, prices?.book.version)},{' '}
            <Money nano={costNanoUsd} decimals={totalDecimals(costNanoUsd)} />
          </li>
        ))}
        <li className="py-0.5">
          {view.correctedCalls === 0 ? (
            <span className="text-dim">No call was corrected.</span>
          ) : (
            <>
              <Link href={callsLink({ status: 'corrected', ...days })} className="underline underline-offset-2">
                {plural(view.correctedCalls, 'call')}
              </Link>{' '}
              corrected since {view.correctedCalls === 1 ? 'it was' : 'they were'} first written down; the earlier
              figures stand with each.
            </>
          )}
        </li>
      </ul>
    </div>
  );
}

/** Old transcripts carry the cost that Claude Code worked out itself, under a name of its own. */
function bookName(version: string, inForce: string | undefined): string {
  if (version === inForce) return `${version}, the book in force`;
  return version === 'claude-code' ? 'Claude Code itself (old transcripts)' : version;
}
