/** The meter: today's spend in large figures, what runs this minute, this month, and what it is in plain words. */
import type { ReactNode } from 'react';

import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import { formatUsd } from '../../../shared/money.ts';
import { pagesOfText } from '../../../shared/plain-words.ts';
import { Count, plural } from '../../components/count.tsx';
import { Money } from '../../components/money.tsx';

export function Meter({ snapshot }: { readonly snapshot: LiveSnapshot }) {
  const { today, month, lastMinuteNanoUsd, isDemo } = snapshot;
  return (
    <div>
      <div
        data-testid="meter-today"
        role="status"
        aria-live="off"
        aria-label={`${formatUsd(today.costNanoUsd, 6)} today`}
        className="text-5xl leading-none font-[560] tracking-[-0.035em] min-[721px]:text-6xl"
      >
        <Money nano={today.costNanoUsd} decimals={6} quiet={4} />
      </div>
      <p className="mt-2 text-dim">
        today{isDemo ? ' (demo data)' : ''} ·{' '}
        <b className="font-semibold text-text">
          <Money nano={lastMinuteNanoUsd} decimals={4} />
        </b>{' '}
        in the last minute
        <NotInTheSum unpriced={today.unpricedCalls} estimated={today.estimatedCalls} />
      </p>
      <dl className="mt-3.5 flex flex-wrap gap-x-7 gap-y-2">
        <Stat label="This month">
          <Money nano={month.costNanoUsd} />
          {month.unpricedCalls > 0 ? (
            <span className="text-warn"> + {plural(month.unpricedCalls, 'call')} unpriced</span>
          ) : null}
        </Stat>
        <Stat label="Calls today">
          <Count value={today.calls} />
        </Stat>
        <Stat label="Text that passed">
          {pagesOfText(today.tokens) === 0 ? '–' : `about ${plural(pagesOfText(today.tokens), 'page')}`}
        </Stat>
        <Stat label="A typical call">
          {today.calls === 0 ? '–' : <Money nano={Math.round(today.costNanoUsd / today.calls)} decimals={4} />}
        </Stat>
      </dl>
    </div>
  );
}

/** Unpriced calls are not in the figure and estimated ones are in it: both are said where the figure stands. */
function NotInTheSum({ unpriced, estimated }: { readonly unpriced: number; readonly estimated: number }) {
  return (
    <>
      {unpriced > 0 ? <span className="text-warn"> · + {plural(unpriced, 'call')} unpriced</span> : null}
      {estimated > 0 ? <span> · {plural(estimated, 'call')} estimated</span> : null}
    </>
  );
}

function Stat({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs whitespace-nowrap text-faint">{label}</dt>
      <dd className="text-[15px] font-semibold">{children}</dd>
    </div>
  );
}
