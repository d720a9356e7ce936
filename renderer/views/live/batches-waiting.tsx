/** Message batches that were submitted and not metered yet: what waits, since when, and until when its results can be fetched. */
import type { PendingBatch } from '../../../shared/contract/api.ts';
import { Count, plural } from '../../components/count.tsx';
import { Money } from '../../components/money.tsx';
import { Failed } from '../../components/states.tsx';
import { Tag } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { Who } from '../../components/who.tsx';
import { useBatches } from '../../data/queries.ts';
import { batchStatus, keptUntilMs } from './batch-words.ts';

/** The API lists no more. */
const listedMax = 200;

export function BatchesWaiting() {
  const { data, error } = useBatches();
  if (!data) return error ? <Failed error={error} /> : null;
  const { batches } = data;
  if (batches.length === 0) return null;
  const reservedNanoUsd = batches.reduce((sum, batch) => sum + batch.reservedNanoUsd, 0);
  const requests = batches.reduce((sum, batch) => sum + batch.requests, 0);
  return (
    <section className="mb-7" aria-labelledby="batches">
      <h2 id="batches" className="mb-1">
        Batches waiting for their results · {plural(batches.length, 'batch', 'batches')}, {plural(requests, 'request')}
        {batches.length === listedMax ? ', the oldest shown' : ''}
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        A batch costs nothing until its results are fetched, and half price then. Fetch them through Tollkeeper’s
        address, so that they are metered; Anthropic keeps them for 29 days.
        {reservedNanoUsd > 0 ? (
          <>
            {' '}
            Until then <Money nano={reservedNanoUsd} /> is held for them in the budgets that they fall under.
          </>
        ) : null}
      </p>
      <div className="framed max-h-[300px] overflow-y-auto">
        <table className="table stacks">
          <caption className="sr-only">Message batches whose results were not fetched yet, the oldest first</caption>
          <thead className="min-[721px]:sticky min-[721px]:top-0 min-[721px]:z-1 min-[721px]:bg-surface">
            <tr>
              <th scope="col">Submitted</th>
              <th scope="col">Who · what for</th>
              <th scope="col">Batch</th>
              <th scope="col" className="number">
                Requests
              </th>
              <th scope="col">Status</th>
              <th scope="col">Results kept until</th>
            </tr>
          </thead>
          <tbody>
            {batches.map((batch) => (
              <Row key={batch.id} batch={batch} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ batch }: { readonly batch: PendingBatch }) {
  const { tone, words } = batchStatus(batch.status);
  return (
    <tr>
      <td data-label="Submitted">
        <Time at={batch.submittedAtMs} kind="full" />
      </td>
      <td data-label="Who · what for">
        <Who member={batch.member} project={batch.project} />
      </td>
      <td data-label="Batch" className="text-dim">
        <code className="text-xs break-all">{batch.id}</code>
      </td>
      <td data-label="Requests" className="number">
        <Count value={batch.requests} />
      </td>
      <td data-label="Status">
        <Tag tone={tone}>{words}</Tag>
      </td>
      <td data-label="Results kept until">
        <Time at={keptUntilMs(batch)} kind="day" />
      </td>
    </tr>
  );
}
