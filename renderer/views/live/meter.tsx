/** The meter: today's spend in large figures, what runs this minute, this month, and what it is in plain words. */
import type { ReactNode } from 'react';

import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import { pagesOfText } from '../../../shared/plain-words.ts';
import { hasAmount, sumInWords, typicalNanoUsd } from '../../../shared/spend-words.ts';
import { Count, plural } from '../../components/count.tsx';
import { Money } from '../../components/money.tsx';
import { AndUnpriced, Sum } from '../../components/sum.tsx';
import { callsLink, daysOf } from '../../data/links.ts';

export function Meter({ snapshot }: { readonly snapshot: LiveSnapshot }) {
  const { today, month, lastMinute, isDemo } = snapshot;
  const typical = typicalNanoUsd(today);
  return (
    <div>
      <div
        data-testid="meter-today"
        role="status"
        aria-live="off"
        aria-label={`${sumInWords(today, 6)} today`}
        className="text-5xl leading-none font-[560] tracking-[-0.035em] min-[721px]:text-6xl"
      >
        <Money nano={hasAmount(today) ? today.costNanoUsd : null} decimals={6} quiet={4} />
      </div>
      <p className="mt-2 text-dim">
        <AndUnpriced
          calls={today.unpricedCalls}
          href={callsLink({ status: 'unpriced', from: today.day, to: today.day })}
        />{' '}
        today{isDemo ? ' (demo data)' : ''} ·{' '}
        <b className="font-semibold text-text">
          <Sum sum={lastMinute} decimals={4} />
        </b>{' '}
        in the last minute
        {today.estimatedCalls > 0 ? ` · ${plural(today.estimatedCalls, 'call')} estimated` : ''}
      </p>
      <dl className="mt-3.5 flex flex-wrap gap-x-7 gap-y-2">
        <Stat label="This month">
          <Sum sum={month} decimals={2} href={callsLink({ status: 'unpriced', ...daysOf(month.month) })} />
        </Stat>
        <Stat label="Calls today">
          <Count value={today.calls} />
        </Stat>
        <Stat label="Text that passed">
          {pagesOfText(today.tokens) === 0 ? '–' : `about ${plural(pagesOfText(today.tokens), 'page')}`}
        </Stat>
        <Stat label="A typical call">{typical === null ? '–' : <Money nano={typical} decimals={4} />}</Stat>
      </dl>
    </div>
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
