/** The models of a book as a table: standard prices in the row, every other card, date and source behind it. */
import { Fragment, useState } from 'react';

import { periodAt } from '../../../shared/pricing/price-book.ts';
import { usdPerMillion } from '../../../shared/pricing/price-words.ts';
import { Sum } from '../../components/sum.tsx';
import { Tag } from '../../components/tag.tsx';
import { callsLink, daysOf } from '../../data/links.ts';
import { ModelDetails } from './model-details.tsx';
import { decimalsOf, type ModelRow } from './model-rows.ts';
import { modelTags } from './model-words.ts';
import { rateTitles, UnitPrice } from './unit-price.tsx';

type ModelTableProps = { readonly rows: readonly ModelRow[]; readonly month: string; readonly atMs: number };

export function ModelTable({ rows, month, atMs }: ModelTableProps) {
  const lines = rows.map((row) => ({ ...row, period: row.prices === null ? null : periodAt(row.prices, atMs) }));
  const decimals = Object.fromEntries(
    rateTitles.map(([rate]) => [
      rate,
      decimalsOf(lines.map(({ period }) => usdPerMillion(period?.standard[rate] ?? null))),
    ]),
  );
  return (
    <div className="framed">
      <table className="table stacks">
        <caption className="sr-only">Prices of every model in US dollars per million tokens</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" className="number">
              Spent
            </th>
            {rateTitles.map(([rate, title]) => (
              <th key={rate} scope="col" className="number">
                {title}
              </th>
            ))}
            <th scope="col">Besides</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Line key={line.name} line={line} month={month} decimals={decimals} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type LineOfTable = ModelRow & { readonly period: ReturnType<typeof periodAt> | null };
type LineProps = {
  readonly line: LineOfTable;
  readonly month: string;
  readonly decimals: Readonly<Record<string, number>>;
};

function Line({ line: { name, prices, use, period }, month, decimals }: LineProps) {
  const [isOpen, setOpen] = useState(false);
  const tags = prices && period ? modelTags(prices, period) : [];
  return (
    <Fragment>
      <tr>
        <td data-label="Model">
          {prices === null ? (
            <span className="pl-[18px] font-medium">{name}</span>
          ) : (
            <button
              type="button"
              className="min-h-6 text-left font-medium hover:underline"
              aria-expanded={isOpen}
              onClick={() => setOpen(!isOpen)}
            >
              <span className="inline-block w-[18px] text-faint" aria-hidden="true">
                {isOpen ? '▾' : '▸'}
              </span>
              {name}
            </button>
          )}
        </td>
        <td data-label="Spent" className="number">
          {use === null ? (
            '–'
          ) : (
            <span>
              <Sum sum={use} href={callsLink({ status: 'unpriced', model: name, ...daysOf(month) })} />
            </span>
          )}
        </td>
        {rateTitles.map(([rate, title]) => (
          <td key={rate} data-label={title} className="number">
            <UnitPrice pico={period?.standard[rate] ?? null} decimals={decimals[rate] ?? 2} />
          </td>
        ))}
        <td data-label="Besides">
          <span className="inline-flex flex-wrap gap-1 py-1 max-[720px]:justify-end max-[720px]:py-0">
            {prices === null ? (
              <Tag tone="look">not in this book</Tag>
            ) : (
              tags.map(({ tone, words }) => (
                <Tag key={words} tone={tone}>
                  {words}
                </Tag>
              ))
            )}
          </span>
        </td>
      </tr>
      {isOpen && prices && period ? (
        <tr>
          <td colSpan={rateTitles.length + 3} className="!block !text-left min-[721px]:!table-cell">
            <ModelDetails prices={prices} period={period} />
          </td>
        </tr>
      ) : null}
    </Fragment>
  );
}
