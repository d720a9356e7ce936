/**
 * Listens to the engine's live pictures for the tray, again and again until it is closed: a stream that ends, for whatever reason, is opened
 * anew after a pause. Knows no Electron: the fetch is given. A picture of another shape is a bug and throws.
 */
import { liveSnapshotSchema, type LiveSnapshot } from '../../shared/contract/events.ts';
import { sleep, type Clock } from '../system/clock.ts';
import type { Fetch } from './engine-pipe.ts';

export type LiveFeed = { readonly close: () => void };

export type LiveFeedOptions = {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly dashboardUrl: string;
  readonly token: string;
  readonly onSnapshot: (snapshot: LiveSnapshot) => void;
};

const pauseMs = 2_000;

/** A picture has bounded lists and stays far below this; a stream without an end of event is not ours. */
const eventCharsMax = 4 * 1024 * 1024;

export function openLiveFeed(options: LiveFeedOptions): LiveFeed {
  const controller = new AbortController();
  void listen(options, controller.signal);
  return { close: () => controller.abort() };
}

async function listen(options: LiveFeedOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let rest = '';
    for await (const text of texts(options, signal)) {
      const events = (rest + text).split('\n\n');
      rest = events.pop() ?? '';
      const newest = events.at(-1);
      if (newest !== undefined) tell(newest, options.onSnapshot);
      if (rest.length > eventCharsMax) break;
    }
    await sleep(options.clock, pauseMs, signal);
  }
}

/** Ends when the connection does. */
async function* texts({ fetch, dashboardUrl, token }: LiveFeedOptions, signal: AbortSignal): AsyncGenerator<string> {
  const left = new AbortController();
  try {
    const headers = { authorization: `Bearer ${token}` };
    const either = AbortSignal.any([signal, left.signal]);
    const answer = await fetch(`${dashboardUrl}/api/events`, { headers, signal: either });
    if (!answer.ok || answer.body === null) return;
    const decoder = new TextDecoder();
    for await (const bytes of answer.body) yield decoder.decode(bytes, { stream: true });
  } catch {
    // The engine went away or this feed was closed; the caller knows which.
  } finally {
    // Cancelling the body alone would leave a `net.fetch` open (electron#47097).
    left.abort();
  }
}

function tell(event: string, onSnapshot: LiveFeedOptions['onSnapshot']): void {
  const data = event.split('\n').find((line) => line.startsWith('data: '));
  if (data !== undefined) onSnapshot(liveSnapshotSchema.parse(JSON.parse(data.slice('data: '.length))));
}
