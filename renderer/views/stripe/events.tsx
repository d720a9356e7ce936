/** Every meter event with its state; what went wrong and what can be done stands under it, and its calls when it is opened. */
import { Fragment, useState } from 'react';

import type { MeterEventRow, StripeView } from '../../../shared/contract/api.ts';
import type { MeterEventState } from '../../../shared/meter-event-states.ts';
import { groupOf } from '../../../shared/meter-event-groups.ts';
import { meterInWords } from '../../../shared/meter-amount-words.ts';
import { rejectionOf } from '../../../shared/stripe-rejections.ts';
import { EngineWords } from '../../components/engine-words.tsx';
import { Money } from '../../components/money.tsx';
import { Failed } from '../../components/states.tsx';
import { Tag, type Tone } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { useRetryEvent, useSetAsideEvent } from '../../data/queries.ts';
import { EventCalls } from './event-calls.tsx';
import { meterEventWords, shownSentence } from './event-words.ts';

const tones: Readonly<Record<MeterEventState, Tone>> = {
  sealed: 'look',
  sending: 'plain',
  unknown: 'look',
  accepted: 'well',
  confirmed: 'well',
  cancelling: 'look',
  withdrawn: 'plain',
  rejected: 'stopped',
  set_aside: 'look',
  carried_forward: 'plain',
};

type EventsProps = { readonly events: readonly MeterEventRow[]; readonly inAll: StripeView['eventsInAll'] };

export function Events({ events, inAll }: EventsProps) {
  return (
    <section aria-label="Meter events">
      <h2 className="mb-1">Meter events</h2>
      <p className="mb-3 text-[13px] text-dim">{shownSentence(events, inAll)}</p>
      <EventTable events={events} />
    </section>
  );
}

function EventTable({ events }: { readonly events: readonly MeterEventRow[] }) {
  const [openId, setOpenId] = useState<string | null>(null);
  return (
    <div className="framed">
      <table className="table stacks">
        <caption className="sr-only">
          Meter events: what waits, was refused or set aside first, then what is delivered, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">Minute</th>
            <th scope="col">Customer</th>
            <th scope="col" className="number">
              Calls
            </th>
            <th scope="col" className="number">
              Counts
            </th>
            <th scope="col" className="number">
              Worth
            </th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col">State</th>
            <th scope="col">Last answer</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => {
            const isOpen = openId === event.id;
            const isStopped = groupOf(event) === 'stopped';
            return (
              <Fragment key={event.id}>
                <Row event={event} isOpen={isOpen} onToggle={() => setOpenId(isOpen ? null : event.id)} />
                {isStopped || isOpen ? (
                  <tr>
                    <td colSpan={8} className="block! bg-sunk/40 text-left! min-[721px]:table-cell!">
                      {isStopped ? <Stopped event={event} /> : null}
                      {isOpen ? <EventCalls id={event.id} /> : null}
                    </td>
                  </tr>
                ) : null}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = { readonly event: MeterEventRow; readonly isOpen: boolean; readonly onToggle: () => void };

function Row({ event, isOpen, onToggle }: RowProps) {
  return (
    <tr>
      <td data-label="Minute">
        <span>
          <Time at={event.minuteMs} kind="minute" /> <Time at={event.minuteMs} kind="day" />
          {event.revision > 1 ? <span className="text-faint"> addition {event.revision - 1}</span> : null}
        </span>
      </td>
      <td data-label="Customer">{event.customer}</td>
      <td data-label="Calls" className="number">
        <button
          type="button"
          className="cursor-pointer underline underline-offset-2"
          aria-expanded={isOpen}
          aria-label={`${event.calls} calls of ${event.id}`}
          onClick={onToggle}
        >
          {event.calls}
        </button>
      </td>
      <td data-label="Counts" className="number">
        <span className="inline-block py-1 leading-tight">
          {event.value.toLocaleString('en-US')}
          <span className="block text-xs text-faint">{whatItCounts(event)}</span>
        </span>
      </td>
      <td data-label="Worth" className="number">
        <EventWorth event={event} />
      </td>
      <td data-label="Attempts" className="number">
        {event.attempts}
      </td>
      <td data-label="State">
        <Tag tone={tones[event.state]}>{meterEventWords[event.state]}</Tag>
      </td>
      <td
        data-label="Last answer"
        className="text-dim min-[721px]:max-w-[28ch] min-[721px]:truncate"
        title={event.lastAnswer ?? ''}
      >
        {groupOf(event) === 'stopped' ? null : (event.lastAnswer ?? '–')}
      </td>
    </tr>
  );
}

function whatItCounts({ unit, ...meter }: MeterEventRow): string {
  return unit === 'micro_usd' ? 'micro-dollars' : meterInWords(meter);
}

/** Of tokens what they cost with the markup; as far as that is known. */
function EventWorth({ event: { worthNanoUsd, unpricedCalls, calls } }: { readonly event: MeterEventRow }) {
  if (unpricedCalls === calls) return <Money nano={null} />;
  return (
    <span>
      {unpricedCalls > 0 ? <span className="text-faint">at least </span> : null}
      <Money nano={worthNanoUsd} decimals={6} />
    </span>
  );
}

function Stopped({ event }: { readonly event: MeterEventRow }) {
  const retry = useRetryEvent();
  const setAside = useSetAsideEvent();
  const error = retry.error ?? setAside.error;
  return (
    <div className="py-1.5 text-[13px] whitespace-normal">
      <p className="mb-2 max-w-[80ch]">
        <EngineWords text={whatToDo(event)} />
      </p>
      <p className="flex flex-wrap gap-2">
        <button
          type="button"
          className="control"
          disabled={retry.isPending}
          onClick={() => retry.mutate(event.id)}
          aria-label={`${retryWords(event)}: ${event.id}`}
        >
          {retryWords(event)}
        </button>
        {event.state === 'set_aside' ? null : (
          <button
            type="button"
            className="control"
            disabled={setAside.isPending}
            onClick={() => setAside.mutate(event.id)}
            aria-label={`Set aside: ${event.id}`}
          >
            Set aside
          </button>
        )}
      </p>
      {error ? <Failed error={error} /> : null}
    </div>
  );
}

function retryWords({ state }: MeterEventRow): string {
  return state === 'unknown' ? 'Read its minute now' : 'Send again';
}

function whatToDo({ state, rejectionCode, lastAnswer }: MeterEventRow): string {
  if (state !== 'rejected') return lastAnswer ?? '';
  const { cause, remedy } = rejectionOf(rejectionCode ?? 'other');
  return rejectionCode === null || rejectionCode === 'other' ? (lastAnswer ?? remedy) : `${cause} ${remedy}`;
}
