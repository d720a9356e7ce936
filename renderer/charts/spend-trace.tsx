/** Spend a minute over the last hour, as a line. The figures are read out as one sentence; the running minute is the last point. */
import { Area, AreaChart, ResponsiveContainer, Tooltip, YAxis } from 'recharts';

import { sumInWords, unpricedWords, type Sum } from '../../shared/spend-words.ts';
import { formatTime } from '../components/time.tsx';
import { useZone } from '../components/zone.tsx';

type Minute = Sum & { readonly minuteMs: number };

export function SpendTrace({ minutes }: { readonly minutes: readonly Minute[] }) {
  const zone = useZone();
  const data = minutes.map((minute) => ({ ...minute, usd: minute.costNanoUsd / 1e9 }));
  const total = {
    costNanoUsd: minutes.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
    unpricedCalls: minutes.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0),
  };
  const first = minutes[0];
  const last = minutes.at(-1);
  if (!first || !last) return null;
  return (
    <figure aria-label={`Spend a minute over the last hour: ${sumInWords(total)} in all.`}>
      <div className="h-[132px]" aria-hidden="true">
        <ResponsiveContainer width="100%" height="100%">
          <AreaChart data={data} margin={{ top: 6, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
            <YAxis hide domain={[0, (max: number) => Math.max(max, 0.000_001) * 1.1]} />
            <Tooltip
              content={({ payload }) => <TraceTip payload={payload as unknown as TipPayload} zone={zone} />}
              isAnimationActive={false}
            />
            <Area
              type="monotone"
              dataKey="usd"
              stroke="var(--accent)"
              fill="var(--accent-soft)"
              strokeWidth={1.6}
              dot={UnpricedMark}
              isAnimationActive={false}
            />
          </AreaChart>
        </ResponsiveContainer>
      </div>
      <figcaption className="flex justify-between gap-2 text-xs text-dim">
        <span>{formatTime(first.minuteMs, 'minute', zone)}</span>
        <span>
          spend a minute, last hour
          {total.unpricedCalls === 0 ? null : (
            <span className="text-warn">
              {' '}
              <span aria-hidden="true">▲</span> + {unpricedWords(total.unpricedCalls)}
            </span>
          )}
        </span>
        <span>{formatTime(last.minuteMs, 'minute', zone)}</span>
      </figcaption>
    </figure>
  );
}

type MarkProps = { readonly cx?: number; readonly cy?: number; readonly payload?: Minute; readonly index?: number };

/** A minute with calls that are not in its figure. */
function UnpricedMark({ cx = 0, cy = 0, payload, index }: MarkProps) {
  if (payload === undefined || payload.unpricedCalls === 0) return <g key={index} />;
  return <path key={index} d={`M${cx - 4} ${cy - 3}h8l-4 -7z`} fill="var(--warn)" />;
}

type TipPayload = readonly { readonly payload: Minute }[] | undefined;

function TraceTip({ payload, zone }: { readonly payload: TipPayload; readonly zone: string }) {
  const minute = payload?.[0]?.payload;
  if (!minute) return null;
  return (
    <div className="rounded-md border border-line bg-surface px-2 py-1 text-xs">
      {formatTime(minute.minuteMs, 'minute', zone)} · {sumInWords(minute, 4)}
    </div>
  );
}
