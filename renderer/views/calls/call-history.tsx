/**
 * What became of a call after it was first written down: its earlier figures with why each was corrected, other sources that told of it, counts
 * that disagree, and what Stripe was told before. Nothing is drawn for a call that only happened.
 */
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { CallDetail } from '../../../shared/contract/api.ts';
import { meterInWords } from '../../../shared/meter-amount-words.ts';
import { plural } from '../../components/count.tsx';
import { MeterAmount } from '../../components/meter-amount.tsx';
import { CallMoney } from '../../components/money.tsx';
import { Notice } from '../../components/states.tsx';
import { differingCounts, sourceInWords } from './history-words.ts';

export function CallHistory({ call }: { readonly call: CallDetail }) {
  return (
    <div className="mt-4">
      {call.differences.map((difference) => (
        <Difference key={meterInWords(difference)} difference={difference} customer={call.customer} />
      ))}
      {call.repeatOf === null ? null : (
        <Notice>
          The answer carried the message of{' '}
          <Link href={`/calls/${call.repeatOf}`} className="text-accent underline underline-offset-2">
            an earlier call
          </Link>
          : something between here and Anthropic answered from a cache. It is counted there and costs nothing here.
        </Notice>
      )}
      {call.earlier.length === 0 ? null : <EarlierFigures call={call} />}
      {call.topLevel === null ? null : <TwoCounts call={call} topLevel={call.topLevel} />}
    </div>
  );
}

type DifferenceProps = {
  readonly difference: CallDetail['differences'][number];
  readonly customer: string | null;
};

function Difference({ difference, customer }: DifferenceProps) {
  const { unit, sentThousandths, dueThousandths } = difference;
  const more = dueThousandths - sentThousandths;
  const what = unit === 'micro_usd' ? '' : ` (${meterInWords(difference)})`;
  return (
    <Notice>
      Stripe was told <MeterAmount unit={unit} thousandths={sentThousandths} />
      {what} before this call was corrected; it should have been{' '}
      <MeterAmount unit={unit} thousandths={dueThousandths} />. To settle with {customer ?? 'the customer'}:{' '}
      <b className="font-semibold">
        <MeterAmount unit={unit} thousandths={Math.abs(more)} /> {more > 0 ? 'to charge' : 'to give back'}
      </b>
      .
    </Notice>
  );
}

function EarlierFigures({ call }: { readonly call: CallDetail }) {
  return (
    <Section title="Earlier figures">
      <p className="mb-2 text-[13px] text-dim">
        Corrected {call.earlier.length === 1 ? 'once' : `${call.earlier.length} times`}; what stood here before stays in
        the ledger.
      </p>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">What this call was shown as before each correction, the oldest first</caption>
          <thead>
            <tr>
              <th scope="col">Was</th>
              <th scope="col">Priced by</th>
              <th scope="col">Corrected because</th>
            </tr>
          </thead>
          <tbody>
            {call.earlier.map((figure, index) => (
              // Two corrections may look alike; their place is what tells them apart.
              <tr key={`${index} ${figure.reason}`}>
                <td data-label="Was">
                  <CallMoney nano={figure.costNanoUsd} />
                </td>
                <td data-label="Priced by" className="text-dim">
                  {figure.priceBook ?? 'no book'}
                </td>
                <td data-label="Corrected because" className="py-1.5 !whitespace-normal">
                  {figure.reason}
                  {figure.unpricedReason === null ? null : (
                    <span className="block text-xs text-warn">It had no price: {figure.unpricedReason}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

type TwoCountsProps = { readonly call: CallDetail; readonly topLevel: NonNullable<CallDetail['topLevel']> };

function TwoCounts({ call, topLevel }: TwoCountsProps) {
  return (
    <Section title="Two counts that disagree">
      <p className="mb-2 text-[13px] text-dim">
        Anthropic reported {plural(call.passCount, 'pass', 'passes')} for this call and, at the top of the same report,
        other sums. The passes are what is billed and what is priced here; both are kept.
      </p>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">Token counts of the passes and of the top of the report</caption>
          <thead>
            <tr>
              <th scope="col">Tokens</th>
              <th scope="col" className="number">
                Sum of the passes
              </th>
              <th scope="col" className="number">
                Top of the report
              </th>
            </tr>
          </thead>
          <tbody>
            {differingCounts(call, topLevel).map(({ name, passes, top }) => (
              <tr key={name}>
                <td data-label="Tokens">{name}</td>
                <td data-label="Sum of the passes" className="number">
                  {passes.toLocaleString('en-US')}
                </td>
                <td data-label="Top of the report" className="number text-dim">
                  {top.toLocaleString('en-US')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/** "the proxy; also told by a Claude Code transcript". */
export function Sources({ call }: { readonly call: CallDetail }) {
  const others = call.alsoSeen.map(({ source }) => sourceInWords(source));
  return (
    <>
      {sourceInWords(call.source)}
      {others.length === 0 ? '' : `; also told by ${others.join(' and ')}, counted once`}
    </>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="mt-5" aria-label={title}>
      <h2 className="mb-1">{title}</h2>
      {children}
    </section>
  );
}
