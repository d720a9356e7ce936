/** Live: the one number a person came for, the hour behind it, what was warned of, the conversations that grow, the calls on their way and just done. */
import { Loading, NoCalls } from '../../components/states.tsx';
import { SpendTrace } from '../../charts/spend-trace.tsx';
import { useLive } from '../../data/live.ts';
import { useStatus } from '../../data/queries.ts';
import { BatchesWaiting } from './batches-waiting.tsx';
import { BudgetsSaid } from './budgets-said.tsx';
import { CallsNow } from './calls-now.tsx';
import { GrowingNow } from './growing-now.tsx';
import { Meter } from './meter.tsx';

export function LiveView() {
  const { snapshot } = useLive();
  const { data: status } = useStatus();
  if (!snapshot || !status) return <Loading what="the meter" />;
  const isEmpty = snapshot.month.calls === 0 && snapshot.inFlightCount === 0 && snapshot.recent.length === 0;
  return (
    <>
      <h1 className="mb-2">Live</h1>
      <section
        aria-label="Spend"
        className="mb-7 grid items-end gap-x-9 gap-y-6 lg:grid-cols-[minmax(400px,1fr)_1.4fr]"
      >
        <Meter snapshot={snapshot} />
        <SpendTrace minutes={snapshot.minutes} />
      </section>
      <BudgetsSaid warnings={snapshot.budgetWarnings} nowMs={snapshot.atMs} />
      {isEmpty ? (
        <>
          <BatchesWaiting />
          <NoCalls proxyUrl={status.proxyUrl} />
        </>
      ) : (
        <>
          <GrowingNow snapshot={snapshot} />
          <BatchesWaiting />
          <CallsNow snapshot={snapshot} />
        </>
      )}
    </>
  );
}
