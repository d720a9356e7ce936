/** Calls that wait for a customer: whose they are, what they cost, since when, until when Stripe takes them, and billing them after a look at what that does. */
import { useState, type ReactNode } from 'react';

import type {
  MappingView,
  ReleasedCalls,
  StripeCustomerRow,
  UnmappedGroup,
} from '../../../shared/contract/stripe-customers.ts';
import { leavesSoon } from '../../../shared/leaves-soon.ts';
import { stillMapped } from '../../../shared/still-mapped.ts';
import { AskOnce } from '../../components/ask-once.tsx';
import { plural } from '../../components/count.tsx';
import { Money, totalDecimals } from '../../components/money.tsx';
import { Failed } from '../../components/states.tsx';
import { Tag } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { useMap, useRelease } from '../../data/billing-queries.ts';
import { CustomerPicker } from './customer-picker.tsx';

export function Unmapped({ mapping }: { readonly mapping: MappingView }) {
  const { unmapped } = mapping;
  if (unmapped.length === 0) return <p className="mb-3 text-[13px] text-dim">No calls wait for a customer.</p>;
  return (
    <div className="mb-4">
      <h3 className="mb-1 text-[13px] font-semibold">Waiting for a customer</h3>
      <p className="mb-2 max-w-[90ch] text-[13px] text-dim">
        Nobody is billed for these yet. Stripe takes a call for 35 days after it was made; until then it can be billed
        in its own minute.
      </p>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">Calls that wait for a customer, the largest sum first</caption>
          <thead>
            <tr>
              <th scope="col">Of</th>
              <th scope="col" className="number">
                Calls
              </th>
              <th scope="col" className="number">
                Cost
              </th>
              <th scope="col">Since</th>
              <th scope="col">First leaves on</th>
              <th scope="col" className="number">
                Left already
              </th>
              <th scope="col">
                <span className="sr-only">Bill them</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {unmapped.map((group) => (
              <Group key={JSON.stringify(whichOf(group))} group={group} mapping={mapping} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Group({ group, mapping }: { readonly group: UnmappedGroup; readonly mapping: MappingView }) {
  const { calls, costNanoUsd, unpricedCalls, firstMs, leavesAtMs, older } = group;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <tr>
        <td data-label="Of">
          <Whose group={group} />
        </td>
        <td data-label="Calls" className="number">
          {calls === 0 ? '–' : calls.toLocaleString('en-US')}
        </td>
        <td data-label="Cost" className="number">
          <span>
            {calls === 0 ? '–' : <Money nano={costNanoUsd} decimals={totalDecimals(costNanoUsd)} />}
            {unpricedCalls > 0 ? <span className="text-warn"> + {unpricedCalls} unpriced</span> : null}
          </span>
        </td>
        <td data-label="Since">{firstMs === null ? '–' : <Time at={firstMs} kind="day" />}</td>
        <td data-label="First leaves on">
          <span>
            {leavesAtMs === null ? '–' : <Time at={leavesAtMs} kind="day" />}{' '}
            {leavesSoon(leavesAtMs, mapping.asOfMs) ? <Tag tone="stopped">soon</Tag> : null}
          </span>
        </td>
        <td data-label="Left already" data-nothing={older.calls === 0 || undefined} className="number">
          {older.calls === 0 ? (
            '–'
          ) : (
            <span>
              {plural(older.calls, 'call')},{' '}
              <Money nano={older.costNanoUsd} decimals={totalDecimals(older.costNanoUsd)} />
            </span>
          )}
        </td>
        <td className="number">
          <button
            type="button"
            className="control"
            aria-expanded={isOpen}
            aria-label={`Bill the calls of ${whoseInWords(group)}`}
            onClick={() => setOpen(!isOpen)}
          >
            Bill them…
          </button>
        </td>
      </tr>
      {isOpen ? (
        <tr>
          <td colSpan={7} className="block! bg-sunk/40 py-2! text-left! whitespace-normal! min-[721px]:table-cell!">
            <BillThem group={group} mapping={mapping} close={() => setOpen(false)} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function Whose({ group: { project, member, unknownCustomer } }: { readonly group: UnmappedGroup }) {
  if (unknownCustomer !== null) return <span>Stripe does not know the customer {unknownCustomer}</span>;
  if (project === null && member === null) return <span className="text-dim">neither project nor member</span>;
  return (
    <span>
      <span className="text-dim">{project === null ? 'member' : 'project'}</span> {project ?? member}
    </span>
  );
}

function whoseInWords({ project, member, unknownCustomer }: UnmappedGroup): string {
  if (unknownCustomer !== null) return `the customer ${unknownCustomer}`;
  if (project !== null) return `the project ${project}`;
  return member === null ? 'nobody' : `the member ${member}`;
}

function whichOf({ project, member, unknownCustomer }: UnmappedGroup): ReleasedCalls {
  if (unknownCustomer !== null) return { kind: 'customer', customer: unknownCustomer };
  if (project !== null) return { kind: 'project', project };
  return member === null ? { kind: 'nobody' } : { kind: 'member', member };
}

type BillThemProps = {
  readonly group: UnmappedGroup;
  readonly mapping: MappingView;
  readonly close: () => void;
};

/** First to whom, then what is billed, then a yes. */
function BillThem({ group, mapping, close }: BillThemProps) {
  const { customer: mapped } = group;
  const [picked, setPicked] = useState<StripeCustomerRow | null>(
    mapped === null ? null : { id: mapped, name: mapping.names[mapped] ?? null, email: null },
  );
  if (picked === null)
    return <CustomerPicker title={`Who is billed for ${whoseInWords(group)}?`} pick={setPicked} leave={close} />;
  return <Confirm group={group} mapping={mapping} customer={picked} another={() => setPicked(null)} close={close} />;
}

type ConfirmProps = {
  readonly group: UnmappedGroup;
  readonly mapping: MappingView;
  readonly customer: StripeCustomerRow;
  readonly another: () => void;
  readonly close: () => void;
};

function Confirm({ group, mapping, customer, another, close }: ConfirmProps) {
  const name = group.project ?? group.member;
  const [withOlder, setWithOlder] = useState(group.calls === 0);
  const [isMapping, setMapping] = useState(group.customer === null && name !== null);
  const map = useMap();
  const release = useRelease();
  const who = customer.name ?? customer.id;
  const error = map.error ?? release.error;
  const calls = group.calls + (withOlder ? group.older.calls : 0);
  const mapped = group.unknownCustomer === null ? null : stillMapped(mapping, group.unknownCustomer);

  async function bill(): Promise<void> {
    const kind = group.project === null ? ('member' as const) : ('project' as const);
    if (isMapping && name !== null) await map.mutateAsync({ kind, name, customer: customer.id, isUnchecked: false });
    await release.mutateAsync({ which: whichOf(group), customer: customer.id, withOlder, isTrial: false });
    close();
  }

  return (
    <div className="max-w-[80ch] text-[13px]">
      <p className="mb-2">
        <WhatIsBilled group={group} customer={customer} />{' '}
        <button type="button" className="cursor-pointer text-accent underline underline-offset-2" onClick={another}>
          Another customer
        </button>
      </p>
      {name === null || group.customer !== null ? null : (
        <Choice isChosen={isMapping} choose={setMapping}>
          Bill {whoseInWords(group)} to {who} from the next call on, too
        </Choice>
      )}
      {group.older.calls === 0 ? null : (
        <Choice isChosen={withOlder} choose={setWithOlder}>
          Also the {plural(group.older.calls, 'call')} that left the window: they are set aside, with an invoice item of{' '}
          <Money nano={group.older.costNanoUsd} decimals={6} /> and the markup proposed
        </Choice>
      )}
      <Staying uncertain={group.uncertain} />
      {mapped === null ? null : <p className="mb-1.5 text-warn">{mapped}</p>}
      <div className="mt-2">
        <AskOnce
          question={`Bill ${plural(calls, 'call')} to ${who}?`}
          yes="Bill them"
          no="Leave it"
          isBusy={map.isPending || release.isPending || calls === 0}
          // What failed is shown by its mutation.
          onYes={() => void bill().catch(() => {})}
          onNo={close}
        />
      </div>
      {error ? <Failed error={error} /> : null}
    </div>
  );
}

function WhatIsBilled({ group, customer }: Pick<ConfirmProps, 'group' | 'customer'>) {
  const { calls, costNanoUsd } = group;
  if (calls === 0) return <>None of them is within Stripe’s 35 days any more.</>;
  return (
    <>
      <b className="font-semibold">
        {plural(calls, 'call')}, <Money nano={costNanoUsd} decimals={6} />
      </b>
      , to <b className="font-semibold">{customer.name ?? customer.id}</b> ({customer.id}): each in its own minute,
      under the plan of its time and with that plan’s markup.
    </>
  );
}

function Staying({ uncertain: { calls, costNanoUsd } }: Pick<UnmappedGroup, 'uncertain'>) {
  if (calls === 0) return null;
  return (
    <p className="mb-1.5">
      {plural(calls, 'call')} more, <Money nano={costNanoUsd} decimals={6} />, {calls === 1 ? 'stays' : 'stay'}: Stripe
      may count {calls === 1 ? 'it' : 'them'}, on one meter at least. Send the refused meter event again to find out;
      what Stripe does not count can be released then.
    </p>
  );
}

type ChoiceProps = {
  readonly isChosen: boolean;
  readonly choose: (isChosen: boolean) => void;
  readonly children: ReactNode;
};

function Choice({ isChosen, choose, children }: ChoiceProps) {
  return (
    <label className="mb-1.5 flex items-start gap-2">
      <input
        type="checkbox"
        className="mt-0.5 accent-accent"
        checked={isChosen}
        onChange={({ target }) => choose(target.checked)}
      />
      <span>{children}</span>
    </label>
  );
}
