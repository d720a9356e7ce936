/** Stripe: what waits, what it is worth, what Stripe said last, and every meter event with its state. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { StripeView as Stripe } from '../../../shared/contract/api.ts';
import type { Quantities } from '../../../shared/contract/meter-amounts.ts';
import { closingSentence, leavingSentence, onNoInvoiceSentence } from '../../../shared/leaving-words.ts';
import { countedInWords } from '../../../shared/meter-amount-words.ts';
import { createDayOf } from '../../../shared/period.ts';
import { planKindWords } from '../../../shared/plan-words.ts';
import { Count, plural } from '../../components/count.tsx';
import { EngineWords } from '../../components/engine-words.tsx';
import { Money } from '../../components/money.tsx';
import { Sum } from '../../components/sum.tsx';
import { Empty, Failed, Loading, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { useZone } from '../../components/zone.tsx';
import { callsLink } from '../../data/links.ts';
import { useStripe, useSyncNow } from '../../data/queries.ts';
import { CarryForwards } from './carry-forwards.tsx';
import { CustomerMonth } from './customer-month.tsx';
import { Customers } from './customers.tsx';
import { DayDifferences } from './day-differences.tsx';
import { Differences } from './differences.tsx';
import { Events } from './events.tsx';
import { PlanSection } from './plan-section.tsx';
import { Setup } from './setup.tsx';

export function StripeView() {
  const { data: stripe, error } = useStripe();
  if (!stripe) return error ? <Failed error={error} /> : <Loading what="the outbox" />;
  return (
    <>
      <h1 className="mb-2">Stripe</h1>
      {error ? <Failed error={error} /> : null}
      <Hero stripe={stripe} />
      <NotBilled stripe={stripe} />
      <PlanSection />
      <CarryForwards carryForwards={stripe.carryForwards} />
      <DayDifferences days={stripe.dayDifferences} />
      <Differences differences={stripe.differences} />
      <CustomerMonth nowMs={stripe.leaving.asOfMs} />
      <Customers />
      <Setup />
      {stripe.events.length === 0 ? (
        <Empty title="No meter events yet">
          A minute of calls becomes one event for its customer, a few seconds after the minute is over.
        </Empty>
      ) : (
        <Events events={stripe.events} inAll={stripe.eventsInAll} />
      )}
    </>
  );
}

/** What is in no meter event, with what would put it in one. */
function NotBilled({ stripe: { unpriced, unmapped } }: { readonly stripe: Stripe }) {
  return (
    <>
      {unpriced.calls > 0 ? (
        <Notice>
          <b className="font-semibold">
            {plural(unpriced.calls, 'call')} of {plural(unpriced.customers, 'customer')}{' '}
            {unpriced.calls === 1 ? 'is' : 'are'} unpriced
          </b>{' '}
          and in no meter event: not billed yet. Each is billed once it has a price:{' '}
          <Link href={callsLink({ status: 'unpriced' })} className="text-accent underline underline-offset-2">
            see why
          </Link>
          , update or put a price file in force, then price past calls again under{' '}
          <Link href="/prices" className="text-accent underline underline-offset-2">
            Prices
          </Link>
          .
        </Notice>
      ) : null}
      {unmapped.calls > 0 ? (
        <p className="mb-4 text-dim">
          {plural(unmapped.calls, 'call')} of this month (<Sum sum={unmapped} />){' '}
          {unmapped.calls === 1 ? 'has' : 'have'} no customer and {unmapped.calls === 1 ? 'is' : 'are'} billed to
          nobody. Those that passed this machine wait under Customers.
        </p>
      ) : null}
    </>
  );
}

const modes = { off: 'no key', demo: 'simulated account', test: 'test account', live: 'live account' } as const;

/** Since when it waits. */
function Oldest({ minuteMs }: { readonly minuteMs: number | null }) {
  if (minuteMs === null) return null;
  return (
    <>
      The oldest is of <Time at={minuteMs} kind="minute" /> <Time at={minuteMs} kind="day" />.{' '}
    </>
  );
}

/** None without a key. */
function NextAttempt({ stripe: { state, waitingEvents, nextAttemptAtMs } }: { readonly stripe: Stripe }) {
  if (state === 'off' || waitingEvents === 0 || nextAttemptAtMs === null) return null;
  return (
    <>
      {' '}
      Next attempt at <Time at={nextAttemptAtMs} />.
    </>
  );
}

function Hero({ stripe }: { readonly stripe: Stripe }) {
  const sync = useSyncNow();
  return (
    <section aria-label="Outbox" className="mb-5">
      <div data-testid="stripe-waiting" className="text-4xl leading-tight font-[580] tracking-[-0.025em]">
        <Money nano={stripe.waitingNanoUsd} decimals={4} />
        <span className="ml-3 text-[15px] font-normal tracking-normal text-dim">
          {stripe.waitingEvents === 0
            ? 'waits: everything sealed is delivered'
            : `${countedWords(stripe.waitingQuantities)}waits in ${plural(stripe.waitingEvents, 'event')}`}
        </span>
      </div>
      <p className="mt-1 text-dim">
        <Oldest minuteMs={stripe.oldestWaitingMinuteMs} />
        <Money nano={stripe.openNanoUsd} decimals={4} /> {countedWords(stripe.openQuantities)}more is in minutes that
        are not over yet. {lastAnswer(stripe)}
        <NextAttempt stripe={stripe} />
      </p>
      <div className="mt-3">
        {stripe.state === 'off' ? (
          <Notice>
            No Stripe key is known, so nothing is sent. Everything is kept. How one is given stands on the{' '}
            <Link href="/keys" className="underline underline-offset-2">
              Keys
            </Link>{' '}
            screen.
          </Notice>
        ) : null}
        <Leaving stripe={stripe} />
        {stripe.rejectedEvents > 0 ? (
          <Notice tone="stopped">
            {plural(stripe.rejectedEvents, 'event was', 'events were')} refused by Stripe, worth{' '}
            <Money nano={stripe.rejectedNanoUsd} decimals={4} />: why, and what to do, stands below.
          </Notice>
        ) : null}
        {stripe.readTrouble === null ? null : (
          <Notice>
            <EngineWords text={stripe.readTrouble} />
          </Notice>
        )}
        {stripe.streamSentence === null ? null : <p className="mb-2 text-dim">{stripe.streamSentence}</p>}
      </div>
      <dl className="mt-3.5 flex flex-wrap gap-x-7 gap-y-2">
        <Stat label="Delivered">
          <Money nano={stripe.acceptedNanoUsd} decimals={4} />
          <Counted quantities={stripe.acceptedQuantities} />
        </Stat>
        <Stat label="Events delivered">
          <Count value={stripe.acceptedEvents} />
        </Stat>
        <Stat label="Confirmed by Stripe’s figure">
          <Money nano={stripe.confirmedNanoUsd} decimals={4} />
        </Stat>
        <Stat label="Reads used, of a month’s">
          {stripe.reads.used.toLocaleString('en-US')} of {stripe.reads.max.toLocaleString('en-US')}
        </Stat>
        <Stat label="Account">{modes[stripe.mode]}</Stat>
        <Stat label="Metering plan">{planKindWords[stripe.plan.plan.kind]}</Stat>
      </dl>
      <p className="mt-4 flex flex-wrap items-center gap-3 text-[13px] text-dim">
        <button
          type="button"
          className="control"
          disabled={sync.isPending || stripe.state === 'off'}
          onClick={() => sync.mutate()}
        >
          {sync.isPending ? 'Sending…' : 'Send now'}
        </button>
        <span role="status">{sync.data?.sentence ?? ''}</span>
      </p>
      {sync.error ? <Failed error={sync.error} /> : null}
    </section>
  );
}

/** Of token meters: the tokens whose worth stands before it. */
function countedWords(quantities: Quantities): string {
  const counted = countedInWords(quantities);
  const known = quantities.unpricedEvents > 0 ? ', not all of it priced,' : '';
  return counted === null ? '' : `for ${counted}${known} `;
}

function Counted({ quantities }: { readonly quantities: Quantities }) {
  const counted = countedInWords(quantities);
  return counted === null ? null : <span className="block text-xs font-normal text-dim">{counted}</span>;
}

/** What leaves Stripe's window, or its invoice, soon, and what stands on none. */
function Leaving({ stripe }: { readonly stripe: Stripe }) {
  const dayOf = createDayOf(useZone());
  const isOffline = stripe.state === 'offline';
  const sentences = [
    leavingSentence(stripe.leaving, { isOffline, dayOf }),
    closingSentence(stripe.closing, { isOffline, dayOf }),
    ...stripe.onNoInvoice.map((one) => onNoInvoiceSentence(one, dayOf)),
  ].filter((sentence) => sentence !== null);
  return sentences.map((sentence) => (
    <Notice key={sentence} tone="stopped">
      <EngineWords text={sentence} />
    </Notice>
  ));
}

function lastAnswer({ lastAnswer: answer }: Stripe): ReactNode {
  if (answer === null) return 'Stripe has not been asked yet.';
  return (
    <>
      Last answer at <Time at={answer.atMs} />: <EngineWords text={answer.sentence} />
    </>
  );
}

function Stat({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-faint">{label}</dt>
      <dd className="text-[15px] font-semibold">{children}</dd>
    </div>
  );
}
