/** Month: what a manager opens once a month: the sum, against the month before, by day, and by who or what. */
import { Link, useSearchParams } from 'wouter';

import { monthDimensions, type MonthDimension, type MonthView as Month } from '../../../shared/contract/api.ts';
import { refusedWords } from '../../../shared/refused-words.ts';
import { DaysChart, seriesOf } from '../../charts/days-chart.tsx';
import { plural } from '../../components/count.tsx';
import { Empty, Failed, Loading } from '../../components/states.tsx';
import { Sum } from '../../components/sum.tsx';
import { UnpricedNotice } from '../../components/unpriced-notice.tsx';
import { callsLink, daysOf } from '../../data/links.ts';
import { useMonth, useStatus } from '../../data/queries.ts';
import { comparison, monthName } from './comparison.ts';
import { MonthTable } from './month-table.tsx';

export function MonthView() {
  const [search, setSearch] = useSearchParams();
  const month = search.get('month') ?? undefined;
  const by = monthDimensions.find((dimension) => dimension === search.get('by')) ?? 'project';
  const { data: view, error } = useMonth(month, by);
  const { data: status } = useStatus();
  const choose = (changes: Readonly<Record<string, string>>) =>
    setSearch((before) => ({ ...Object.fromEntries(before), ...changes }));

  if (!view) return error ? <Failed error={error} /> : <Loading what="the month" />;
  return (
    <>
      <Heading view={view} by={by} choose={choose} />
      {error ? <Failed error={error} /> : null}
      {view.total.calls === 0 ? (
        <Empty title={`No calls in ${monthName(view.month)}`}>
          Calls appear here with the day they were made on, in {view.timeZone}.
        </Empty>
      ) : (
        <Sums view={view} isDemo={status?.isDemo === true} />
      )}
    </>
  );
}

type HeadingProps = {
  readonly view: Month;
  readonly by: MonthDimension;
  readonly choose: (changes: Readonly<Record<string, string>>) => void;
};

function Heading({ view, by, choose }: HeadingProps) {
  const months = [...new Set([view.month, ...view.months])].toSorted().toReversed();
  return (
    <div className="mb-4 flex flex-wrap items-center gap-3.5">
      <h1>{monthName(view.month)}</h1>
      <span className="grow" />
      <label className="flex items-center gap-2 text-[13px] text-dim">
        Month
        <select className="control" value={view.month} onChange={(event) => choose({ month: event.target.value })}>
          {months.map((month) => (
            <option key={month} value={month}>
              {monthName(month)}
            </option>
          ))}
        </select>
      </label>
      <label className="flex items-center gap-2 text-[13px] text-dim">
        By
        <select className="control" value={by} onChange={(event) => choose({ by: event.target.value })}>
          {monthDimensions.map((dimension) => (
            <option key={dimension}>{dimension}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Sums({ view, isDemo }: { readonly view: Month; readonly isDemo: boolean }) {
  const { total, by } = view;
  const labelOf = (key: string | null) => key ?? 'unassigned';
  const series = seriesOf(view, labelOf);
  return (
    <>
      <div className="text-4xl leading-tight font-[580] tracking-[-0.025em]">
        <Sum sum={total} decimals={2} isHeadline />
      </div>
      <p className="mt-1 text-dim">
        {plural(total.calls, 'call')}
        {isDemo ? ', demo data' : ''}. {comparison(view)}
      </p>
      {total.estimatedCalls > 0 ? (
        <p className="mt-1 text-dim">
          {plural(total.estimatedCalls, 'call')}{' '}
          {total.estimatedCalls === 1 ? 'was cut off and is' : 'were cut off and are'} estimated.
        </p>
      ) : null}
      {view.refused.calls > 0 ? (
        <p className="mt-1 text-dim">
          {refusedWords(view.refused, total.calls)}{' '}
          <Link
            href={callsLink({ ...daysOf(view.month), status: 'refused' })}
            className="text-accent underline underline-offset-2"
          >
            Show {view.refused.calls === 1 ? 'it' : 'them'}
          </Link>
        </p>
      ) : null}
      <div className="mt-4">
        <UnpricedNotice month={view.month} calls={total.unpricedCalls} />
      </div>
      {by === 'day' ? null : (
        <>
          <div className="mt-5">
            <DaysChart view={view} series={series} />
          </div>
          <p className="mt-1.5 mb-6 flex flex-wrap gap-3.5 text-xs text-dim">
            {series.map(({ label, colour }) => (
              <span key={label}>
                <i
                  className="mr-1.5 inline-block size-[9px] rounded-[3px]"
                  style={{ background: colour }}
                  aria-hidden="true"
                />
                {label}
              </span>
            ))}
            {total.unpricedCalls > 0 ? (
              <span>
                <span className="mr-1.5 text-warn" aria-hidden="true">
                  ▲
                </span>
                a day with calls that have no price and are not in its bar
              </span>
            ) : null}
          </p>
        </>
      )}
      <MonthTable view={view} />
    </>
  );
}
