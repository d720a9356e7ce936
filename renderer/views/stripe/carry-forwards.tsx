/** What was set aside, as the one invoice item that is proposed for each customer, and the way to say that it stands on an invoice. */
import { useState } from 'react';

import type { CarryForward } from '../../../shared/contract/api.ts';
import { CopyLine } from '../../components/copy-line.tsx';
import { plural } from '../../components/count.tsx';
import { Money } from '../../components/money.tsx';
import { Failed } from '../../components/states.tsx';
import { useCarryForward } from '../../data/queries.ts';

export function CarryForwards({ carryForwards }: { readonly carryForwards: readonly CarryForward[] }) {
  if (carryForwards.length === 0) return null;
  return (
    <section className="mb-6" aria-labelledby="carry-forwards">
      <h2 id="carry-forwards" className="mb-1">
        Set aside · {plural(carryForwards.length, 'customer')}
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        Stripe’s meter does not take these any more, or you chose so. They are never sent under another date. Put one
        item on each customer’s next invoice in Stripe, then mark it here.
      </p>
      <ul className="framed divide-y divide-line">
        {carryForwards.map((proposed) => (
          <Proposed key={proposed.customer} proposed={proposed} />
        ))}
      </ul>
    </section>
  );
}

function Proposed({ proposed }: { readonly proposed: CarryForward }) {
  const { customer, nanoUsd, calls, sentence } = proposed;
  const [isAsked, setAsked] = useState(false);
  const carry = useCarryForward();
  return (
    <li className="px-4 py-3">
      <p className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <span className="font-medium">{customer}</span>
        <span>
          <b className="font-semibold">
            <Money nano={nanoUsd} decimals={6} />
          </b>{' '}
          <span className="text-dim">of {plural(calls, 'call')}</span>
        </span>
      </p>
      <CopyLine text={sentence} />
      <div className="mt-2 flex flex-wrap items-center gap-2 text-[13px]">
        {isAsked ? (
          <>
            <span>It stands on an invoice? It cannot be sent afterwards.</span>
            <button
              type="button"
              className="control border-accent! text-accent!"
              disabled={carry.isPending}
              onClick={() => carry.mutate({ customer, nanoUsd })}
            >
              Yes, mark it
            </button>
            <button type="button" className="control" onClick={() => setAsked(false)}>
              No
            </button>
          </>
        ) : (
          <button type="button" className="control" onClick={() => setAsked(true)}>
            Mark as on an invoice
          </button>
        )}
      </div>
      {carry.error ? <Failed error={carry.error} /> : null}
    </li>
  );
}
