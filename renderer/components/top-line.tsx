/** The line above every screen: does metering run and where, how does Stripe stand, in which zone are the days, is this demo data. */
import type { Status, StripeSummary } from '../../shared/contract/api.ts';
import { plural } from './count.tsx';
import { Tag } from './tag.tsx';
import { Time } from './time.tsx';

type TopLineProps = { readonly status: Status; readonly stripe: StripeSummary | null; readonly isConnected: boolean };

export function TopLine({ status, stripe, isConnected }: TopLineProps) {
  return (
    <div className="mb-5 flex flex-wrap items-center gap-x-4 gap-y-2 text-[13px] text-dim">
      <span className="inline-flex items-center gap-1.5 rounded-full border border-line bg-surface px-2.5 py-[3px]">
        <i className={`size-[7px] rounded-full ${isConnected ? 'bg-accent' : 'bg-warn'}`} aria-hidden="true" />
        {isConnected ? 'Metering on' : 'Last seen on'} <code>{new URL(status.proxyUrl).host}</code>
      </span>
      {stripe ? <StripeWord stripe={stripe} /> : null}
      <span className="grow" />
      {status.isDemo ? (
        <span data-testid="demo-label">
          <Tag tone="look">Demo data: Anthropic and Stripe are simulated</Tag>
        </span>
      ) : null}
      <span>{status.timeZone}</span>
    </div>
  );
}

/** Money of a test is told from real money on every screen; a demo says so beside it. */
const modes = { off: '', demo: '', test: 'test', live: 'live' } as const;

function StripeWord({ stripe }: { readonly stripe: StripeSummary }) {
  if (stripe.state === 'off') return <span>Stripe: not set up</span>;
  const name = `Stripe ${modes[stripe.mode]}`.trim();
  const waiting =
    stripe.waitingEvents === 0 ? 'nothing waits' : `${plural(stripe.waitingEvents, 'event waits', 'events wait')}`;
  if (stripe.state === 'ok')
    return (
      <span>
        {name}: {waiting}
      </span>
    );
  return (
    <span className="text-warn">
      {name}: {waiting}, {stripe.state === 'offline' ? 'offline' : 'refused'}
      {stripe.since === null ? null : (
        <>
          {' since '}
          <Time at={stripe.since} kind="minute" />
        </>
      )}
    </span>
  );
}
