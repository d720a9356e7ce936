/** The calls that one meter event sums, and the identifiers that Stripe was told before: the way from a line of an invoice to the calls. */
import { Link } from 'wouter';

import type { MeterEventDetail } from '../../../shared/contract/api.ts';
import type { MeterUnit } from '../../../shared/plan-meters.ts';
import { plural } from '../../components/count.tsx';
import { MeterAmount } from '../../components/meter-amount.tsx';
import { Money } from '../../components/money.tsx';
import { Failed, Loading } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { useMeterEvent } from '../../data/queries.ts';

export function EventCalls({ id }: { readonly id: string }) {
  const { data: detail, error } = useMeterEvent(id);
  if (!detail) return error ? <Failed error={error} /> : <Loading what="its calls" />;
  const { event, spent, adjustment, calls } = detail;
  return (
    <div className="mt-2 text-[13px] whitespace-normal">
      <p className="mb-1 text-dim">
        Stripe is told <code className="text-xs break-all">{event.identifier}</code>
      </p>
      {spent.map(({ identifier, reason }) => (
        <p key={identifier} className="mb-1 text-dim">
          Earlier <code className="text-xs break-all">{identifier}</code>: {reason}
        </p>
      ))}
      {adjustment === null || adjustment.calls === 0 ? null : (
        <p className="mb-1 max-w-[80ch]">
          {plural(adjustment.calls, 'call was', 'calls were')} corrected since,{' '}
          <MeterAmount unit={event.unit} thousandths={Math.abs(adjustment.amountThousandths)} decimals={6} />{' '}
          {adjustment.amountThousandths < 0 ? 'less' : 'more'}
          {event.unit === 'micro_usd' ? null : (
            <>
              {' '}
              (<Money nano={adjustment.nanoUsd} decimals={6} />)
            </>
          )}
          . {adjustment.sentence}
        </p>
      )}
      <ul className="mt-2">
        {calls.map((call) => (
          <Call key={call.id} call={call} unit={event.unit} />
        ))}
      </ul>
      {calls.length < event.calls ? (
        <p className="text-dim">
          The first {calls.length} of {event.calls.toLocaleString('en-US')} calls are listed.
        </p>
      ) : null}
    </div>
  );
}

type CallProps = { readonly call: MeterEventDetail['calls'][number]; readonly unit: MeterUnit };

function Call({ call, unit }: CallProps) {
  return (
    <li className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 py-0.5">
      <Time at={call.startedAtMs} />
      <Link
        href={`/calls/${call.id}`}
        className="underline underline-offset-2"
        aria-label={`Call ${call.id}, explained`}
      >
        <code className="text-xs break-all">{call.id}</code>
      </Link>
      <span className="text-dim">
        {call.member ?? 'nobody named'} · {call.project ?? 'no project'} · {call.model ?? 'no model'}
      </span>
      <span className="ml-auto tabular-nums">
        <MeterAmount unit={unit} thousandths={call.amountThousandths} />
        {unit === 'micro_usd' ? null : (
          <span className="ml-3 text-dim">
            <Money nano={call.worthNanoUsd} decimals={6} />
          </span>
        )}
      </span>
    </li>
  );
}
