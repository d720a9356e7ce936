/** Calls: every settled call, filtered by what stands in the address, newest first; one of them explained beside the list. */
import { useLocation, useParams, useSearchParams } from 'wouter';

import type { CallRow } from '../../../shared/contract/api.ts';
import { Empty, Failed, Loading, NoCalls } from '../../components/states.tsx';
import { callFilterNames, type CallFilters } from '../../data/api.ts';
import { useCalls, useStatus } from '../../data/queries.ts';
import { CallPanel } from './call-panel.tsx';
import { CallsTable } from './calls-table.tsx';
import { CallsSum } from './calls-sum.tsx';
import { Filters } from './filters.tsx';

export function CallsView() {
  const [search, setSearch] = useSearchParams();
  const { id } = useParams<{ id?: string }>();
  const [, go] = useLocation();
  const filters: CallFilters = Object.fromEntries(
    callFilterNames.flatMap((name) => (search.has(name) ? [[name, search.get(name) ?? '']] : [])),
  );
  const suffix = search.size > 0 ? `?${search}` : '';

  function change(name: string, value: string | null): void {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === null) next.delete(name);
      else next.set(name, value);
      return next;
    });
  }

  return (
    <>
      <h1 className="mb-3">Calls</h1>
      <Filters filters={filters} change={change} clear={() => setSearch({})} />
      <CallsSum filters={filters} />
      <List filters={filters} open={(call) => go(`/calls/${call.id}${suffix}`)} />
      {id === undefined ? null : <CallPanel id={id} close={() => go(`/calls${suffix}`)} />}
    </>
  );
}

function List({ filters, open }: { readonly filters: CallFilters; readonly open: (call: CallRow) => void }) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useCalls(filters);
  const { data: status } = useStatus();
  if (!data) return error ? <Failed error={error} /> : <Loading what="the calls" />;
  const calls = data.pages.flatMap((page) => page.calls);
  if (calls.length === 0) {
    if (Object.keys(filters).length > 0)
      return <Empty title="No call matches these filters">Take one away, or choose other days.</Empty>;
    return status ? <NoCalls proxyUrl={status.proxyUrl} /> : null;
  }
  return (
    <>
      {error ? <Failed error={error} /> : null}
      <CallsTable
        calls={calls}
        open={open}
        onNearEnd={hasNextPage && !isFetchingNextPage && !error ? () => void fetchNextPage() : null}
      />
      <p className="mt-3 flex items-center gap-3 text-[13px] text-dim">
        {calls.length.toLocaleString('en-US')} shown
        {hasNextPage ? (
          <button type="button" className="control" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Reading…' : 'Show older'}
          </button>
        ) : (
          ', which is all of them'
        )}
      </p>
    </>
  );
}
