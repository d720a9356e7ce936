/** Customers: who is billed for whom, the calls that wait for a customer, and picking one from the account or making it. */
import { useState } from 'react';

import type { MappingView } from '../../../shared/contract/stripe-customers.ts';
import { AskOnce } from '../../components/ask-once.tsx';
import { Failed, Loading, Notice } from '../../components/states.tsx';
import { useMap, useMapping } from '../../data/billing-queries.ts';
import { CustomerPicker } from './customer-picker.tsx';
import { MapAnother } from './map-another.tsx';
import { Unmapped } from './unmapped.tsx';

export function Customers() {
  const { data: mapping, error } = useMapping();
  return (
    <section className="mb-7" aria-labelledby="customers">
      <h2 id="customers" className="mb-1">
        Customers
      </h2>
      <p className="mb-2.5 max-w-[90ch] text-[13px] text-dim">
        A project or a member is billed to a customer of the Stripe account; the project wins. A change holds from the
        next call on.
      </p>
      {error ? <Failed error={error} /> : null}
      {mapping ? (
        <>
          {mapping.trouble === null ? null : (
            <Notice tone="stopped">
              {mapping.trouble.message} What was in force stays. {mapping.trouble.remedy}
            </Notice>
          )}
          <Unmapped mapping={mapping} />
          <Mapped mapping={mapping} />
          <MapAnother mapping={mapping} />
        </>
      ) : error ? null : (
        <Loading what="who is billed for whom" />
      )}
    </section>
  );
}

type Kind = 'project' | 'member';

function Mapped({ mapping }: { readonly mapping: MappingView }) {
  const { projects, members, fallback } = mapping;
  const [changing, setChanging] = useState<string | null>(null);
  const rows = [
    ...projects.map((row) => ({ kind: 'project' as const, ...row })),
    ...members.map((row) => ({ kind: 'member' as const, ...row })),
  ];
  if (rows.length === 0 && fallback === null)
    return (
      <p className="mb-3 text-dim">
        Nothing is mapped to a customer yet: who is billed for a call, the call itself has to say.
      </p>
    );
  return (
    <div className="framed mb-3">
      <table className="table stacks">
        <caption className="sr-only">Who is billed for whom</caption>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">Customer</th>
            <th scope="col">
              <span className="sr-only">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = `${row.kind} ${row.name}`;
            return (
              <MappedRow
                key={key}
                row={row}
                nameOfCustomer={mapping.names[row.customer] ?? null}
                isChanging={changing === key}
                change={() => setChanging(key)}
                leave={() => setChanging(null)}
              />
            );
          })}
          {fallback === null ? null : (
            <tr>
              <td data-label="Of">
                <span className="text-dim">everything else</span>
              </td>
              <td data-label="Customer">{fallback}</td>
              <td className="text-dim">by the setting customer</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

type MappedRowProps = {
  readonly row: { readonly kind: Kind; readonly name: string; readonly customer: string };
  readonly nameOfCustomer: string | null;
  readonly isChanging: boolean;
  readonly change: () => void;
  readonly leave: () => void;
};

function MappedRow({ row, nameOfCustomer, isChanging, change, leave }: MappedRowProps) {
  const { kind, name, customer } = row;
  const [isAsked, setAsked] = useState(false);
  const map = useMap();
  const unmap = () =>
    map.mutate({ kind, name, customer: null, isUnchecked: false }, { onSuccess: () => setAsked(false) });
  return (
    <>
      <tr>
        <td data-label="Of">
          <span>
            <span className="text-dim">{kind}</span> {name}
          </span>
        </td>
        <td data-label="Customer">
          <span>
            {nameOfCustomer === null ? null : `${nameOfCustomer} `}
            <code className={`text-xs break-all ${nameOfCustomer === null ? '' : 'text-dim'}`}>{customer}</code>
          </span>
        </td>
        <td className="number">
          {isAsked ? (
            <AskOnce
              question={`Bill the ${kind} ${name} to nobody from the next call on?`}
              isShort
              yes="Take it away"
              no="Leave it"
              isBusy={map.isPending}
              onYes={unmap}
              onNo={() => setAsked(false)}
            />
          ) : (
            <span className="inline-flex flex-wrap justify-end gap-2 py-1">
              <button
                type="button"
                className="control"
                onClick={change}
                aria-label={`Change the customer of the ${kind} ${name}`}
              >
                Change
              </button>
              <button
                type="button"
                className="control"
                onClick={() => setAsked(true)}
                aria-label={`Bill the ${kind} ${name} to nobody`}
              >
                Take away
              </button>
            </span>
          )}
        </td>
      </tr>
      {isChanging || map.error ? (
        <tr>
          <td colSpan={3} className="block! bg-sunk/40 py-2! text-left! whitespace-normal! min-[721px]:table-cell!">
            {map.error ? <Failed error={map.error} /> : null}
            {isChanging ? (
              <CustomerPicker
                title={`Customer of the ${kind} ${name}`}
                isBusy={map.isPending}
                pick={({ id }) => map.mutate({ kind, name, customer: id, isUnchecked: false }, { onSuccess: leave })}
                leave={leave}
              />
            ) : null}
          </td>
        </tr>
      ) : null}
    </>
  );
}
