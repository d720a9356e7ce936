/**
 * The live picture: one event stream for the whole page, kept outside of React. When the engine goes away the last picture stays, marked with
 * since when it is old; the browser reconnects by itself.
 */
import { useSyncExternalStore } from 'react';

import { liveSnapshotSchema, type LiveSnapshot } from '../../shared/contract/events.ts';

export type LiveState = {
  readonly snapshot: LiveSnapshot | null;
  /** Since when nothing has come; null while connected. */
  readonly lostAtMs: number | null;
};

let state: LiveState = { snapshot: null, lostAtMs: null };
const listeners = new Set<() => void>();

function set(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Called once at the start of the page. */
export function connectLive(): void {
  const source = new EventSource('/api/events');
  source.addEventListener('live', (event: MessageEvent<string>) => {
    const parsed = liveSnapshotSchema.safeParse(JSON.parse(event.data));
    if (parsed.success) set({ snapshot: parsed.data, lostAtMs: null });
  });
  source.addEventListener('error', () => {
    set({ ...state, lostAtMs: state.lostAtMs ?? Date.now() });
    // A refused stream (engine restarting, token missing) is closed for good by the browser: ask anew.
    if (source.readyState === EventSource.CLOSED) setTimeout(connectLive, 2_000);
  });
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
