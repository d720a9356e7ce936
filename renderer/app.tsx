/** The frame of every screen: the rail of nouns, the line that says whether metering runs, the screen itself. */
import { useEffect } from 'react';
import { Route, Switch, useLocation } from 'wouter';

import type { Status } from '../shared/contract/api.ts';
import { badgesOf } from './data/badges.ts';
import { Rail } from './components/rail.tsx';
import { Empty, Failed, Loading, Notice } from './components/states.tsx';
import { formatTime } from './components/time.tsx';
import { TopLine } from './components/top-line.tsx';
import { ZoneContext } from './components/zone.tsx';
import { ApiFailure } from './data/api.ts';
import { onOpenFromDesktop } from './data/desktop.ts';
import { useLive } from './data/live.ts';
import { useStatus } from './data/queries.ts';
import { routes } from './routes.tsx';

export function App() {
  const { data: status, error } = useStatus();
  if (status) return <Frame status={status} />;
  if (error instanceof ApiFailure && error.status === 401) return <NotLetIn />;
  return (
    <main className="mx-auto max-w-xl p-8">{error ? <Failed error={error} /> : <Loading what="the ledger" />}</main>
  );
}

function NotLetIn() {
  return (
    <main className="mx-auto max-w-xl p-8">
      <Empty title="This browser has no key to the dashboard">
        <p>
          Open it once with the link that <code>tollkeeper serve</code> printed; it ends in <code>?token=…</code>.
        </p>
      </Empty>
    </main>
  );
}

function Frame({ status }: { readonly status: Status }) {
  const { snapshot, lostAtMs } = useLive();
  const [location, go] = useLocation();
  useEffect(() => onOpenFromDesktop(go), [go]);
  const noun =
    routes.find(({ path }) => (path === '/' ? location === '/' : location.startsWith(path)))?.noun ?? 'Not found';
  useEffect(() => {
    document.title = `${noun} · Tollkeeper${status.isDemo ? ' (demo data)' : ''}`;
  }, [noun, status.isDemo]);

  return (
    <ZoneContext value={status.timeZone}>
      <a href="#screen" className="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:bg-surface focus:p-2">
        Skip to the screen
      </a>
      <div className="min-h-screen min-[721px]:grid min-[721px]:grid-cols-[200px_1fr]">
        <Rail machine={status.machine} badges={badgesOf(snapshot)} />
        <main
          id="screen"
          tabIndex={-1}
          className="max-w-[1280px] min-w-0 p-4 pb-10 outline-none min-[721px]:px-7 min-[721px]:py-5"
        >
          <TopLine status={status} stripe={snapshot?.stripe ?? null} isConnected={lostAtMs === null} />
          {lostAtMs === null ? null : (
            <Notice>
              Not connected to Tollkeeper since {formatTime(lostAtMs, 'minute', status.timeZone)}; the figures below are
              from then. Trying again by itself.
            </Notice>
          )}
          {snapshot?.limitsFailure ? <Notice tone="stopped">{snapshot.limitsFailure}</Notice> : null}
          {snapshot?.gap ? <Notice tone="stopped">{snapshot.gap}</Notice> : null}
          <Switch>
            {routes.map(({ pattern, View }) => (
              <Route key={pattern} path={pattern} component={View} />
            ))}
            <Route>
              <Empty title="There is no such screen">Choose one on the left.</Empty>
            </Route>
          </Switch>
        </main>
      </div>
    </ZoneContext>
  );
}
