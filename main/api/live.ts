/**
 * `GET /api/live`: the picture now. `GET /api/events`: the same picture pushed as server-sent events.
 * A slow reader gets the newest picture when it is ready for one, never a queue of old ones.
 */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { ApiParts } from './parts.ts';

export function liveRoutes({ live }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/live', (context) => context.json(live.snapshot()));
  routes.get('/events', (context) => {
    const latest = createLatest<LiveSnapshot>();
    const unsubscribe = live.subscribe(latest.put);
    if (!unsubscribe) throw new AppError('engine_failed', 'Too many dashboards are open.', 'Close one of them.');
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => {
        unsubscribe();
        latest.end();
      });
      latest.put(live.snapshot());
      for (let picture = await latest.take(); picture !== null; picture = await latest.take()) {
        await stream.writeSSE({ event: 'live', data: JSON.stringify(picture) });
      }
    });
  });
  return routes;
}

type Latest<T> = { readonly put: (value: T) => void; readonly take: () => Promise<T | null>; readonly end: () => void };

/** A place for one value: a newer one replaces the one that was not taken yet. Taking after the end gives null. */
function createLatest<T>(): Latest<T> {
  let value: T | null = null;
  let isEnded = false;
  let wake: (() => void) | null = null;
  const notify = () => {
    wake?.();
    wake = null;
  };
  return {
    put: (next) => {
      value = next;
      notify();
    },
    take: async () => {
      while (value === null && !isEnded) await new Promise<void>((resolve) => (wake = resolve));
      const taken = isEnded ? null : value;
      value = null;
      return taken;
    },
    end: () => {
      isEnded = true;
      notify();
    },
  };
}
