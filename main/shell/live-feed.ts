/** Listens to the engine's live pictures for the tray. Ends quietly when the engine goes; it is opened again when the engine is back. */
import { net } from 'electron';

import { liveSnapshotSchema, type LiveSnapshot } from '../../shared/contract/events.ts';

export type LiveFeed = { readonly close: () => void };

export function openLiveFeed(
  dashboardUrl: string,
  token: string,
  onSnapshot: (snapshot: LiveSnapshot) => void,
): LiveFeed {
  const controller = new AbortController();
  void listen(dashboardUrl, token, onSnapshot, controller.signal);
  return { close: () => controller.abort() };
}

async function listen(
  dashboardUrl: string,
  token: string,
  onSnapshot: (snapshot: LiveSnapshot) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = await net.fetch(`${dashboardUrl}/api/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
      const events = (rest + step.value).split('\n\n');
      rest = events.pop() ?? '';
      const newest = events
        .at(-1)
        ?.split('\n')
        .find((line) => line.startsWith('data: '));
      if (newest !== undefined) onSnapshot(liveSnapshotSchema.parse(JSON.parse(newest.slice('data: '.length))));
    }
  } catch {
    // The engine ended or this feed was closed; either is told by other means.
  }
}
