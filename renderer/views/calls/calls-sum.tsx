/** What the calls of the current filter come to: the sum, what is not in it, what of it is estimated; and why, where it is unpriced. */
import type { CallsTotal } from '../../../shared/contract/api.ts';
import { refusedWords } from '../../../shared/refused-words.ts';
import { plural } from '../../components/count.tsx';
import { Failed } from '../../components/states.tsx';
import { Sum } from '../../components/sum.tsx';
import { Advice } from '../../components/unpriced-notice.tsx';
import type { CallFilters } from '../../data/api.ts';
import { callsLink } from '../../data/links.ts';
import { useCallsTotal } from '../../data/queries.ts';

export function CallsSum({ filters }: { readonly filters: CallFilters }) {
  const { data: total, error, isPlaceholderData } = useCallsTotal(filters);
  if (!total) return error ? <Failed error={error} /> : <div className="mb-4 h-14" aria-hidden="true" />;
  if (total.calls === 0) return null;
  return (
    <section aria-label="Sum" className={`mb-4 ${isPlaceholderData ? 'text-faint' : ''}`}>
      <div data-testid="calls-sum" className="text-[28px] leading-tight font-[580] tracking-[-0.02em]">
        <Sum sum={total} href={unpricedLink(filters)} isHeadline />
      </div>
      <p className="mt-0.5 text-[13px] text-dim">
        {inCalls(total)}
        {total.estimatedCalls > 0 ? `, ${total.estimatedCalls.toLocaleString('en-US')} of them estimated` : ''}.{' '}
        {refusedWords(total.refused, total.calls)}{' '}
        {filters.reason === undefined ? null : (
          <>
            {filters.reason} <Advice reason={filters.reason} />
          </>
        )}
      </p>
    </section>
  );
}

/** Said only where it adds something to the figure; what has not been added up is said always. */
function inCalls({ calls, unpricedCalls, isWhole }: CallsTotal): string {
  const words = calls === unpricedCalls ? 'No call of these has a price' : plural(calls, 'call');
  return isWhole ? words : `${words} among the newest 100,000; choose fewer days for the sum of all`;
}

/** Where the list shows unpriced calls only there is nowhere further to go. */
function unpricedLink(filters: CallFilters): string | undefined {
  return filters.status === undefined ? callsLink({ ...filters, status: 'unpriced' }) : undefined;
}
