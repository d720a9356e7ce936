/** A month's spend by day, stacked by the dimension of the screen. The same figures stand in a table below for those who do not see it. */
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';

import type { MonthView } from '../../shared/contract/api.ts';
import { formatUsd } from '../../shared/money.ts';
import { sumInWords } from '../../shared/spend-words.ts';

/** Keys with a colour of their own; the rest are drawn together. */
export const coloursMax = 4;
export const seriesColours = [
  'var(--series-1)',
  'var(--series-2)',
  'var(--series-3)',
  'var(--series-4)',
  'var(--series-5)',
];

export type Series = { readonly key: string | null; readonly label: string; readonly colour: string };

/** The keys that cost most get a colour each; the last colour stands for all others. */
export function seriesOf(view: MonthView, labelOf: (key: string | null) => string): Series[] {
  const named = view.rows
    .slice(0, coloursMax)
    .map(({ key }, index) => ({ key, label: labelOf(key), colour: seriesColours[index] ?? '' }));
  return view.rows.length > coloursMax
    ? [...named, { key: '\0others', label: 'others', colour: seriesColours[coloursMax] ?? '' }]
    : named;
}

type DayRow = { readonly day: string; readonly values: readonly number[]; readonly unpricedCalls: number };

export function stackDays(view: MonthView, series: readonly Series[]): DayRow[] {
  return view.days.map(({ day, parts, unpricedCalls }) => {
    const values = series.map(() => 0);
    for (const part of parts) {
      const at = series.findIndex(({ key }) => key === part.key);
      const index = at === -1 ? series.length - 1 : at;
      values[index] = (values[index] ?? 0) + part.costNanoUsd;
    }
    return { day, values, unpricedCalls };
  });
}

export function DaysChart({ view, series }: { readonly view: MonthView; readonly series: readonly Series[] }) {
  const rows = stackDays(view, series);
  const rowOf = (day: string) => rows.find((row) => row.day === day);
  const data = rows.map(({ day, values }) => ({
    day,
    ...Object.fromEntries(values.map((value, index) => [`s${index}`, value / 1e9])),
  }));
  return (
    <figure aria-label={`Spend by day in ${view.month}: ${sumInWords(view.total)}. The table below has the figures.`}>
      <div className="h-[200px]" aria-hidden="true">
        <ResponsiveContainer width="100%" height="100%">
          <BarChart
            data={data}
            margin={{ top: 8, right: 0, bottom: 0, left: 0 }}
            barCategoryGap="25%"
            accessibilityLayer={false}
          >
            <CartesianGrid vertical={false} stroke="var(--line)" strokeDasharray="2 4" />
            <XAxis
              dataKey="day"
              height={34}
              interval={0}
              tick={({ x, y, payload }: TickProps) => (
                <DayTick x={Number(x)} y={Number(y)} row={rowOf(String(payload?.value))} />
              )}
              tickLine={false}
              axisLine={{ stroke: 'var(--line)' }}
            />
            <YAxis
              orientation="right"
              width={56}
              tickFormatter={(usd: number) => `$${usd >= 10 || usd === 0 ? usd : usd.toFixed(2)}`}
              tick={{ fontSize: 11, fill: 'var(--faint)' }}
              tickLine={false}
              axisLine={false}
            />
            <Tooltip
              cursor={{ fill: 'var(--sunk)' }}
              isAnimationActive={false}
              content={({ label }) => <DayTip row={rowOf(String(label))} series={series} />}
            />
            {series.map(({ label, colour }, index) => (
              <Bar key={label} dataKey={`s${index}`} stackId="spend" fill={colour} isAnimationActive={false} />
            ))}
          </BarChart>
        </ResponsiveContainer>
      </div>
    </figure>
  );
}

type TickProps = {
  readonly x?: number | string;
  readonly y?: number | string;
  readonly payload?: { readonly value?: unknown };
};

/** The day's number, and a mark below it when calls of the day are not in its bar. */
function DayTick({ x, y, row }: { readonly x: number; readonly y: number; readonly row: DayRow | undefined }) {
  if (!row) return null;
  const day = Number(row.day.slice(8));
  // Every number where there is room, else the first and every fifth.
  const isRound = day === 1 || day % 5 === 0;
  return (
    <g transform={`translate(${x},${y})`}>
      <text
        dy={10}
        textAnchor="middle"
        fontSize={11}
        fill="var(--faint)"
        className={isRound ? '' : 'max-[900px]:hidden'}
      >
        {day}
      </text>
      {row.unpricedCalls > 0 ? <path d="M-4 22h8l-4 -7z" fill="var(--warn)" /> : null}
    </g>
  );
}

function DayTip({ row, series }: { readonly row: DayRow | undefined; readonly series: readonly Series[] }) {
  if (!row) return null;
  const { unpricedCalls } = row;
  const costNanoUsd = row.values.reduce((sum, value) => sum + value, 0);
  return (
    <div className="rounded-md border border-line bg-surface px-3 py-2 text-xs">
      <b className="font-semibold">
        {row.day}: {sumInWords({ costNanoUsd, unpricedCalls })}
      </b>
      {series.map(({ label }, index) =>
        (row.values[index] ?? 0) === 0 ? null : (
          <div key={label}>{`${label} ${formatUsd(row.values[index] ?? 0)}`}</div>
        ),
      )}
    </div>
  );
}
