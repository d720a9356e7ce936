/** The context gauge as a picture: a bar of what the last prompt was made of, a line at each step of warning, and the scale under it. */
import type { RefusalCause } from '../../../shared/contract/limits-view.ts';
import { overWhat } from '../../data/stopped.ts';
import { gaugeInWords, gaugeShares, gaugeSteps, shortTokens, type GaugedContext, type GaugeShares } from './gauge.ts';

type ContextGaugeProps = {
  readonly context: GaugedContext;
  /** What stopped its next call, if something did; the context limit is drawn as a wall at the end of the scale. */
  readonly stoppedBy: RefusalCause | null;
};

export function ContextGauge({ context, stoppedBy }: ContextGaugeProps) {
  const shares = gaugeShares(context);
  const { cacheReadTokens, cacheWriteTokens, inputTokens } = context;
  return (
    <>
      <div
        role="meter"
        aria-label={shares.against === 'limit' ? 'Context against the limit' : 'Context'}
        aria-valuemin={0}
        aria-valuemax={shares.scaleTokens}
        aria-valuenow={Math.min(cacheReadTokens + cacheWriteTokens + inputTokens, shares.scaleTokens)}
        aria-valuetext={`${gaugeInWords(context)}${stoppedBy === null ? '' : `; its next call was stopped, ${overWhat(stoppedBy)}`}`}
        className="relative flex h-2.5 overflow-hidden rounded-full bg-sunk"
      >
        <i className="h-full bg-series-1" style={{ width: `${shares.cacheRead}%` }} />
        <i className="h-full bg-series-3" style={{ width: `${shares.cacheWrite}%` }} />
        <i className="h-full bg-series-2" style={{ width: `${shares.input}%` }} />
        {shares.against === 'limit'
          ? gaugeSteps.map((step) => <Line key={step} percent={(step * shares.full) / 100} />)
          : null}
        {shares.full < 100 ? (
          <i className="absolute inset-y-0 w-0.5 bg-text" style={{ left: `${shares.full}%` }} />
        ) : null}
        {stoppedBy === 'context_limit' ? <i className="absolute inset-y-0 right-0 w-1.5 bg-stop" /> : null}
      </div>
      <Scale shares={shares} />
    </>
  );
}

function Line({ percent }: { readonly percent: number }) {
  return <i className="absolute inset-y-0 w-px bg-surface" style={{ left: `${percent}%` }} />;
}

function Scale({ shares: { scaleTokens, against, full } }: { readonly shares: GaugeShares }) {
  if (against === null) return null;
  return (
    <div aria-hidden="true" className="relative h-4 text-[11px] text-faint">
      <Mark left={full / 2}>{shortTokens(scaleTokens / 2)}</Mark>
      <Mark left={(full * 3) / 4}>{shortTokens((scaleTokens * 3) / 4)}</Mark>
      <span className="absolute -translate-x-full" style={{ left: `${full}%` }}>
        {shortTokens(scaleTokens)}
        {against === 'window' ? ' window' : ''}
      </span>
    </div>
  );
}

function Mark({ left, children }: { readonly left: number; readonly children: string }) {
  return (
    <span className="absolute -translate-x-1/2" style={{ left: `${left}%` }}>
      {children}
    </span>
  );
}

/** What the colours of the gauge mean; once for all cards. */
export function GaugeLegend() {
  const parts = [
    ['bg-series-1', 'from cache'],
    ['bg-series-3', 'to cache'],
    ['bg-series-2', 'new'],
  ] as const;
  return (
    <p className="flex flex-wrap gap-x-3 text-xs text-dim" aria-hidden="true">
      {parts.map(([colour, label]) => (
        <span key={label}>
          <i className={`mr-1.5 inline-block size-[9px] rounded-[3px] ${colour}`} />
          {label}
        </span>
      ))}
    </p>
  );
}
