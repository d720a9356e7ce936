/** A month by one dimension: what each cost, how it compares, what a call of it costs. A row leads to its calls. */
import { Link } from 'wouter';

import type { MonthDimension, MonthView, Spend } from '../../../shared/contract/api.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { typicalNanoUsd } from '../../../shared/spend-words.ts';
import { Count } from '../../components/count.tsx';
import { Money } from '../../components/money.tsx';
import { Sum } from '../../components/sum.tsx';
import type { CallFilters } from '../../data/api.ts';
import { callsLink, daysOf } from '../../data/links.ts';
import { cacheHitPercent, change } from './comparison.ts';

export function MonthTable({ view }: { readonly view: MonthView }) {
  const most = Math.max(1, ...view.rows.map(({ spend }) => spend.costNanoUsd));
  const rows = view.by === 'day' ? view.rows.toSorted((a, b) => (a.key ?? '').localeCompare(b.key ?? '')) : view.rows;
  return (
    <div className="framed">
      <table className="table stacks">
        <caption className="sr-only">
          Spend of {view.month} by {view.by}
        </caption>
        <thead>
          <tr>
            <th scope="col" className="capitalize">
              {view.by}
            </th>
            <th scope="col">
              <span className="sr-only">Share</span>
            </th>
            {['Spend', 'Calls', 'Cache hit', 'A typical call', view.by === 'day' ? '' : 'Against the month before'].map(
              (title) => (
                <th key={title} scope="col" className="number">
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.key ?? ''} row={row} view={view} most={most} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = {
  readonly row: MonthView['rows'][number];
  readonly view: MonthView;
  /** The largest spend of the table, whose bar is full. */
  readonly most: number;
};

function Row({ row: { key, spend, previous }, view, most }: RowProps) {
  const hit = cacheHitPercent(spend);
  const typical = typicalNanoUsd(spend);
  return (
    <tr>
      <td data-label={view.by}>
        <RowName by={view.by} rowKey={key} month={view.month} />
      </td>
      <td className="w-1/4 max-[720px]:hidden">
        <i
          className="inline-block h-1.5 rounded-full bg-series-1 align-middle"
          style={{ width: `${(Math.max(0, spend.costNanoUsd) / most) * 100}%` }}
          aria-hidden="true"
        />
      </td>
      <td data-label="Spend" className="number">
        <span>
          <Sum sum={spend} href={unpricedLink(view, key)} />
        </span>
      </td>
      <td data-label="Calls" className="number">
        <Count value={spend.calls} />
      </td>
      <td data-label="Cache hit" className="number">
        {hit === null ? '–' : `${hit} %`}
      </td>
      <td data-label="A typical call" className="number">
        {typical === null ? '–' : <Money nano={typical} decimals={4} />}
      </td>
      <td data-label={view.by === 'day' ? '' : 'Against the month before'} className="number">
        {view.by === 'day' ? '' : <Change now={spend} before={previous} />}
      </td>
    </tr>
  );
}

function Change({ now, before }: { readonly now: Spend; readonly before: MonthView['rows'][number]['previous'] }) {
  const { text, isPart } = change(now, before);
  return (
    <span>
      {text}
      {isPart ? <span className="text-xs text-warn"> of the priced</span> : null}
    </span>
  );
}

/** A customer is no filter of the Calls screen. */
function unpricedLink({ by, month }: MonthView, key: string | null): string | undefined {
  if (by === 'customer') return undefined;
  return callsLink({ status: 'unpriced', ...filterOf(by, key, month) });
}

function filterOf(by: Exclude<MonthDimension, 'customer'>, key: string | null, month: string): CallFilters {
  return by === 'day' ? { from: key ?? '', to: key ?? '' } : { [by]: key ?? '', ...daysOf(month) };
}

type RowNameProps = { readonly by: MonthDimension; readonly rowKey: string | null; readonly month: string };

function RowName({ by, rowKey, month }: RowNameProps) {
  const name =
    rowKey === null ? <span className="text-faint">unassigned</span> : by === 'model' ? shortModelName(rowKey) : rowKey;
  if (by === 'customer') return name;
  return (
    <Link href={callsLink(filterOf(by, rowKey, month))} className="font-medium hover:underline">
      {name}
    </Link>
  );
}
