/** Prices: the book that every call is priced by, what was spent by each of its models, what no proxy can know, and how to change it. */
import { useState } from 'react';

import type { PricesView as Prices } from '../../../shared/contract/prices.ts';
import { notMetered } from '../../../shared/pricing/not-metered.ts';
import { usdPerThousand } from '../../../shared/pricing/price-words.ts';
import { plural } from '../../components/count.tsx';
import { Failed, Loading } from '../../components/states.tsx';
import { usePrices } from '../../data/queries.ts';
import { monthName } from '../month/comparison.ts';
import { matches, modelRows } from './model-rows.ts';
import { ModelTable } from './model-table.tsx';
import { PastCalls } from './past-calls.tsx';
import { PriceFile } from './price-file.tsx';

export function PricesView() {
  const { data: view, error } = usePrices();
  if (!view) return error ? <Failed error={error} /> : <Loading what="the price book" />;
  return (
    <>
      <h1 className="mb-2">Prices</h1>
      {error ? <Failed error={error} /> : null}
      <Book view={view} />
      <Models view={view} />
      <NotMetered />
      <PastCalls />
      <PriceFile view={view} />
    </>
  );
}

function Book({ view: { book, file } }: { readonly view: Prices }) {
  return (
    <section aria-label="Book in force" className="mb-6">
      <div data-testid="book-in-force" className="text-[28px] leading-tight font-[580] tracking-[-0.025em] break-all">
        {book.version}
      </div>
      <p className="mt-1 text-dim">
        is the price book in force, as of {book.asOf}: {plural(book.models.length, 'model')}.{' '}
        {file === null ? (
          'It ships with this version.'
        ) : (
          <>
            It stands in <code className="text-[13px] break-all">{file}</code>.
          </>
        )}{' '}
        Every call is priced by it as it ends, and keeps that price until past calls are priced again.
      </p>
      <p className="mt-1 text-[13px] text-faint">{book.source}</p>
    </section>
  );
}

function Models({ view }: { readonly view: Prices }) {
  const [search, setSearch] = useState('');
  const rows = modelRows(view);
  const shown = rows.filter((row) => matches(row, search));
  return (
    <section className="mb-7" aria-labelledby="models">
      <div className="mb-2.5 flex flex-wrap items-end gap-x-4 gap-y-2">
        <h2 id="models">US dollars per million tokens · models used in {monthName(view.month)} first</h2>
        <span className="grow" />
        <label className="flex items-center gap-2 text-[13px] text-dim">
          Find a model
          <input
            type="search"
            className="control w-44"
            placeholder="opus 5.5"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        </label>
      </div>
      <p role="status" className="sr-only">
        {search === '' ? '' : `${plural(shown.length, 'model')} found`}
      </p>
      {shown.length === 0 ? (
        <p className="rounded-card border border-dashed border-line px-5 py-6 text-dim">
          No model of this book is called “{search.trim()}”. Calls of a model that the book does not know are unpriced
          until a newer book or a price file of your own has it.
        </p>
      ) : (
        <ModelTable rows={shown} month={view.month} atMs={view.atMs} />
      )}
      <p className="mt-2 text-[13px] text-dim">
        Web search: ${usdPerThousand(view.book.webSearchPicoUsdPerRequest)} per 1,000 requests, whatever the model. A
        dash: no price is published, and a call that uses it is unpriced.
      </p>
    </section>
  );
}

function NotMetered() {
  return (
    <section className="mb-7" aria-labelledby="not-metered">
      <h2 id="not-metered" className="mb-1">
        What no proxy can know
      </h2>
      <p className="mb-2 text-[13px] text-dim">
        Anthropic bills these too. They are in no figure here, so look here first when an invoice says more.
      </p>
      <ul className="max-w-[100ch] divide-y divide-line border-y border-line text-[13px]">
        {notMetered.map(({ id, sentence }) => (
          <li key={id} className="py-2">
            {sentence}
          </li>
        ))}
      </ul>
    </section>
  );
}
