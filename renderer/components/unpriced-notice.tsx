/** Why calls of a month have no price: each reason with its number, what to do about it, and the way to exactly those calls. */
import { Link } from 'wouter';

import type { UnpricedView } from '../../shared/contract/unpriced.ts';
import { unpricedAdvice } from '../../shared/pricing/unpriced-advice.ts';
import { callsLink, daysOf } from '../data/links.ts';
import { useUnpriced } from '../data/queries.ts';
import { plural } from './count.tsx';
import { Failed, Notice } from './states.tsx';

/** `calls`: how many the screen's own figure says there are. */
export function UnpricedNotice({ month, calls }: { readonly month: string; readonly calls: number }) {
  const { data: view, error } = useUnpriced(month, calls);
  if (calls === 0) return null;
  const all = callsLink({ status: 'unpriced', ...daysOf(month) });
  return (
    <Notice>
      <p>
        <b className="font-semibold">
          {plural(calls, 'call')} of this month {calls === 1 ? 'has' : 'have'} no price
        </b>{' '}
        and {calls === 1 ? 'is' : 'are'} in no sum here.{' '}
        <Link href={all} className="font-medium text-accent underline underline-offset-2">
          Show {calls === 1 ? 'it' : 'them'}
        </Link>
      </p>
      {view ? (
        <Reasons view={view} />
      ) : error ? (
        <Failed error={error} />
      ) : (
        <p className="mt-1.5 text-dim">Reading why…</p>
      )}
    </Notice>
  );
}

function Reasons({ view }: { readonly view: UnpricedView }) {
  return (
    <ul className="mt-1.5 flex flex-col gap-1.5">
      {view.reasons.map(({ reason, calls }) => (
        <li key={reason}>
          <Link
            href={callsLink({ status: 'unpriced', reason, ...daysOf(view.month) })}
            className="font-medium underline underline-offset-2"
          >
            {plural(calls, 'call')}
          </Link>
          : {reason} <Advice reason={reason} />
        </li>
      ))}
      {view.otherCalls > 0 ? (
        <li className="text-dim">
          {plural(view.otherCalls, 'more call')}: not looked at one by one; the reason stands with each.
        </li>
      ) : null}
    </ul>
  );
}

/** What to do, with a way to where it is done. */
export function Advice({ reason }: { readonly reason: string }) {
  const { kind, sentence } = unpricedAdvice(reason);
  return (
    <span className="text-dim">
      {sentence}{' '}
      {kind === 'prices' || kind === 'update' ? (
        <Link href="/prices" className="text-accent underline underline-offset-2">
          Prices
        </Link>
      ) : null}
    </span>
  );
}
