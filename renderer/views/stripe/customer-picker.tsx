/**
 * Picks a customer of the account: from the newest, by a part of the name or address, by id, or by making one. What is typed narrows the list at once; Enter
 * asks Stripe, which costs one of the month's reads.
 */
import { useId, useState, type KeyboardEvent } from 'react';

import type { StripeCustomerRow } from '../../../shared/contract/stripe-customers.ts';
import { focusOnce } from '../../components/focus-once.ts';
import { Failed, Loading } from '../../components/states.tsx';
import { useCreateCustomer, useCustomers } from '../../data/billing-queries.ts';

type CustomerPickerProps = {
  readonly title: string;
  readonly isBusy?: boolean;
  readonly pick: (customer: StripeCustomerRow) => void;
  readonly leave: () => void;
};

export function CustomerPicker({ title, isBusy = false, pick, leave }: CustomerPickerProps) {
  const [text, setText] = useState('');
  const [search, setSearch] = useState('');
  const [isMaking, setMaking] = useState(false);
  const { data: view, error, isFetching } = useCustomers(search);
  const onKeyDown = ({ key }: KeyboardEvent) => (key === 'Escape' ? leave() : undefined);
  const shown = (view?.customers ?? []).filter((customer) => text.trim() === search || hasPart(customer, text));
  return (
    <div role="group" aria-label={title} className="max-w-[640px]">
      <p className="mb-2 text-[13px] font-medium">{title}</p>
      <form
        role="search"
        className="mb-2 flex flex-wrap gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          setSearch(text.trim());
        }}
      >
        <input
          type="search"
          aria-label="Name, address or id of the customer"
          placeholder="Name, address or id"
          className="control w-64 max-w-full"
          value={text}
          maxLength={200}
          ref={focusOnce}
          onKeyDown={onKeyDown}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit" className="control" disabled={isFetching}>
          {isFetching ? 'Asking Stripe…' : 'Ask Stripe'}
        </button>
        <button type="button" className="control" aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}>
          Make a new one
        </button>
        <button type="button" className="control" onClick={leave}>
          Leave it
        </button>
      </form>
      {isMaking ? <MakeCustomer name={text.trim()} made={pick} /> : null}
      {error ? <Failed error={error} /> : null}
      {view || error ? null : <Loading what="the account’s customers" />}
      {view && !error ? (
        <CustomerList
          customers={shown}
          isBusy={isBusy}
          pick={pick}
          hint={hintOf(shown.length, view.hasMore, text.trim() === search)}
        />
      ) : null}
    </div>
  );
}

function hasPart({ id, name, email }: StripeCustomerRow, text: string): boolean {
  return `${name ?? ''} ${email ?? ''} ${id}`.toLowerCase().includes(text.trim().toLowerCase());
}

function hintOf(shown: number, hasMore: boolean, isAsked: boolean): string | null {
  if (!isAsked) return 'Enter looks through all of the account’s customers.';
  if (hasMore) return 'The account has more: type a part of a name and press Enter.';
  return shown === 0 ? 'The account has no such customer.' : null;
}

type CustomerListProps = {
  readonly customers: readonly StripeCustomerRow[];
  readonly isBusy: boolean;
  readonly pick: (customer: StripeCustomerRow) => void;
  readonly hint: string | null;
};

function CustomerList({ customers, isBusy, pick, hint }: CustomerListProps) {
  return (
    <>
      <ul className="framed max-h-[240px] divide-y divide-line overflow-y-auto">
        {customers.map((customer) => (
          <li key={customer.id}>
            <button
              type="button"
              className="flex w-full flex-wrap items-baseline gap-x-3 px-3 py-1.5 text-left hover:bg-sunk focus-visible:-outline-offset-2"
              disabled={isBusy}
              onClick={() => pick(customer)}
            >
              <span className="font-medium">{customer.name ?? customer.email ?? 'without a name'}</span>
              <span className="text-[13px] text-dim">{customer.name === null ? '' : customer.email}</span>
              <code className="ml-auto text-xs break-all text-faint">{customer.id}</code>
            </button>
          </li>
        ))}
      </ul>
      {hint === null ? null : <p className="mt-1.5 text-[13px] text-dim">{hint}</p>}
    </>
  );
}

type MakeCustomerProps = { readonly name: string; readonly made: (customer: StripeCustomerRow) => void };

function MakeCustomer({ name: typed, made }: MakeCustomerProps) {
  const [said, setSaid] = useState({ name: typed, email: '' });
  const create = useCreateCustomer();
  const id = useId();
  return (
    <form
      aria-label="Make a customer"
      className="mb-2 flex flex-wrap items-end gap-3 rounded-card border border-line bg-surface p-3"
      onSubmit={(event) => {
        event.preventDefault();
        const email = said.email.trim();
        create.mutate({ name: said.name, email: email === '' ? null : email }, { onSuccess: made });
      }}
    >
      <div className="flex flex-col gap-1">
        <label htmlFor={`${id}name`} className="text-xs text-faint">
          Name
        </label>
        <input
          id={`${id}name`}
          className="control w-52 max-w-full"
          required
          maxLength={256}
          autoComplete="off"
          value={said.name}
          ref={focusOnce}
          onChange={({ target }) => setSaid({ ...said, name: target.value })}
        />
      </div>
      <div className="flex flex-col gap-1">
        <label htmlFor={`${id}email`} className="text-xs text-faint">
          Address for invoices, if any
        </label>
        <input
          id={`${id}email`}
          type="email"
          className="control w-52 max-w-full"
          maxLength={512}
          autoComplete="off"
          value={said.email}
          onChange={({ target }) => setSaid({ ...said, email: target.value })}
        />
      </div>
      <button type="submit" className="control border-accent! text-accent!" disabled={create.isPending}>
        {create.isPending ? 'Making it…' : 'Make and pick'}
      </button>
      {create.error ? <Failed error={create.error} /> : null}
    </form>
  );
}
