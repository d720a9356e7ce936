/** A month by one dimension: what each cost, how it compares, what a call of it costs. A row leads to its calls. */
import { Link } from 'wouter';

import type { MonthDimension, MonthView } from '../../../shared/contract/api.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { Count } from '../../components/count.tsx';
import { Money, totalDecimals } from '../../components/money.tsx';
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
          {rows.map(({ key, spend, previousCostNanoUsd }) => {
            const hit = cacheHitPercent(spend);
            return (
              <tr key={key ?? ''}>
                <td data-label={view.by}>
                  <RowName by={view.by} rowKey={key} month={view.month} />
                </td>
                <td className="w-1/4 max-[720px]:hidden">
                  <i
                    className="inline-block h-1.5 rounded-full bg-series-1 align-middle"
                    style={{ width: `${(spend.costNanoUsd / most) * 100}%` }}
                    aria-hidden="true"
                  />
                </td>
                <td data-label="Spend" className="number">
                  <Money nano={spend.costNanoUsd} decimals={totalDecimals(spend.costNanoUsd)} />
                  {spend.unpricedCalls > 0 ? (
                    <span className="text-warn"> + {spend.unpricedCalls} unpriced</span>
                  ) : null}
                </td>
                <td data-label="Calls" className="number">
                  <Count value={spend.calls} />
                </td>
                <td data-label="Cache hit" className="number">
                  {hit === null ? '–' : `${hit} %`}
                </td>
                <td data-label="A typical call" className="number">
                  <Money nano={Math.round(spend.costNanoUsd / Math.max(1, spend.calls))} decimals={4} />
                </td>
                <td data-label={view.by === 'day' ? '' : 'Against the month before'} className="number">
                  {view.by === 'day' ? '' : change(spend.costNanoUsd, previousCostNanoUsd)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

type RowNameProps = { readonly by: MonthDimension; readonly rowKey: string | null; readonly month: string };

function RowName({ by, rowKey, month }: RowNameProps) {
  const name =
    rowKey === null ? <span className="text-faint">unassigned</span> : by === 'model' ? shortModelName(rowKey) : rowKey;
  if (by === 'customer') return name;
  const filter =
    by === 'day'
      ? `from=${rowKey}&to=${rowKey}`
      : `${by}=${encodeURIComponent(rowKey ?? '')}&from=${month}-01&to=${month}-31`;
  return (
    <Link href={`/calls?${filter}`} className="font-medium hover:underline">
      {name}
    </Link>
  );
}
