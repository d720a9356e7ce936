/** Calls on their way, then those just done. A running figure is a floor and carries an ellipsis until it is final. */
import { Link } from 'wouter';

import type { CallRow } from '../../../shared/contract/api.ts';
import type { InFlightCall, LiveSnapshot } from '../../../shared/contract/events.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { CallState, UnpricedReason } from '../../components/call-tags.tsx';
import { Count, NumberCell, plural } from '../../components/count.tsx';
import { CallMoney, Money } from '../../components/money.tsx';
import { Tag } from '../../components/tag.tsx';
import { Elapsed, Time } from '../../components/time.tsx';
import { Who } from '../../components/who.tsx';

export function CallsNow({ snapshot }: { readonly snapshot: LiveSnapshot }) {
  const { inFlight, inFlightCount, recent, atMs } = snapshot;
  return (
    <section aria-labelledby="calls-now">
      <h2 id="calls-now" className="mb-2.5">
        Calls ·{' '}
        {inFlightCount === 0 ? 'none on its way' : `${inFlightCount} on ${inFlightCount === 1 ? 'its' : 'their'} way`}
        {inFlightCount > inFlight.length ? `, ${plural(inFlight.length, 'shown', 'shown')}` : ''}
      </h2>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">Calls on their way and just done, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Who · what for</th>
              <th scope="col">Model</th>
              <th scope="col" className="number">
                Input, tokens
              </th>
              <th scope="col" className="number">
                Cache read
              </th>
              <th scope="col" className="number">
                Output
              </th>
              <th scope="col" className="number">
                Cost
              </th>
              <th scope="col">
                <span className="sr-only">State</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {inFlight.map((call) => (
              <RunningRow key={call.id} call={call} atMs={atMs} />
            ))}
            {recent.map((call) => (
              <DoneRow key={call.id} call={call} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function RunningRow({ call, atMs }: { readonly call: InFlightCall; readonly atMs: number }) {
  return (
    <tr className="bg-sunk/40">
      <td data-label="Time">
        <Time at={call.startedAtMs} />
      </td>
      <td data-label="Who · what for">
        <Who member={call.member} project={call.project} />
      </td>
      <td data-label="Model">{call.model === null ? '–' : shortModelName(call.model)}</td>
      <td data-label="Input" className="number">
        <Count value={call.inputTokens} />
      </td>
      <td data-label="Cache read" className="number">
        <Count value={call.cacheReadTokens} />
      </td>
      <td data-label="Output" className="number">
        <Count value={call.outputTokens} /> …
      </td>
      <td data-label="Cost" className="number">
        <RunningCost call={call} /> …
      </td>
      <td>
        <Tag>
          {call.isStream ? 'streaming' : 'waiting'} <Elapsed fromMs={call.startedAtMs} toMs={atMs} />
        </Tag>{' '}
        <UnpricedReason reason={call.unpricedReason} />
      </td>
    </tr>
  );
}

/** A dash while it has told nothing that could be priced; "unpriced" once it has told what nobody can price. */
function RunningCost({ call }: { readonly call: InFlightCall }) {
  if (call.costNanoUsd === null && call.unpricedReason === null) return <>–</>;
  return <Money nano={call.costNanoUsd} decimals={4} />;
}

function DoneRow({ call }: { readonly call: CallRow }) {
  return (
    <tr>
      <td data-label="Time">
        <Link href={`/calls/${call.id}`} className="hover:underline" aria-label="This call, explained">
          <Time at={call.startedAtMs} />
        </Link>
      </td>
      <td data-label="Who · what for">
        <Who member={call.member} project={call.project} />
      </td>
      <td data-label="Model">{shortModelName(call.model ?? call.requestedModel ?? '–')}</td>
      <NumberCell label="Input" value={call.inputTokens + call.cacheWrite5mTokens + call.cacheWrite1hTokens} />
      <NumberCell label="Cache read" value={call.cacheReadTokens} />
      <NumberCell label="Output" value={call.outputTokens} />
      <NumberCell label="Cost" value={call.costNanoUsd}>
        <CallMoney nano={call.costNanoUsd} />
      </NumberCell>
      <td>
        <CallState call={call} />
      </td>
    </tr>
  );
}
