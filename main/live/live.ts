/**
 * What is happening now: calls in flight, just done, conversations, sums. Told by the engine, after commit; broadcast as one whole picture at
 * most ten times a second and only when something changed or a call is running. Everything in it is bounded.
 */
import type { BegunCall } from '../../shared/call.ts';
import type { CallRow, StripeSummary } from '../../shared/contract/api.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { InFlightCall, LiveSnapshot } from '../../shared/contract/events.ts';
import type { Clock, Timer } from '../system/clock.ts';
import { createConversations } from './conversations.ts';
import type { LimitsSeen } from './limits-seen.ts';
import { createReadAgain, type LiveCalls } from './read-again.ts';
import type { SpendMeter } from './spend-meter.ts';

/** What a running call has told so far; read at broadcast time, so a delta costs nothing here. */
export type RunningView = () => Pick<
  InFlightCall,
  'model' | 'inputTokens' | 'cacheReadTokens' | 'outputTokens' | 'costNanoUsd' | 'unpricedReason'
>;

export type Live = {
  readonly started: (call: BegunCall, running: RunningView) => void;
  /** The answer is whole, or was cut: what it said stands until its row is there, and nothing of the call is held for it any more. */
  readonly finished: (callId: string, said: ReturnType<RunningView>) => void;
  /** The call left without a row (its commit waits for the disk): it is no longer in flight. */
  readonly ended: (callId: string) => void;
  readonly settled: (row: CallRow) => void;
  /** Calls that were taken in from elsewhere, or corrected: the sums follow. */
  readonly changed: (changes: readonly DayChange[]) => void;
  readonly snapshot: () => LiveSnapshot;
  /** Returns the function that ends the subscription, or null when there are too many already. */
  readonly subscribe: (onSnapshot: (snapshot: LiveSnapshot) => void) => (() => void) | null;
  readonly close: () => void;
};

export type LiveOptions = {
  readonly clock: Clock;
  readonly timeZone: string;
  readonly isDemo: boolean;
  readonly limits: LimitsSeen;
  readonly spend: SpendMeter;
  /** Newest first, from the ledger at start. */
  readonly recent: readonly CallRow[];
  /** The same and the last hour, asked after corrections. */
  readonly readAgain: () => Promise<LiveCalls>;
  readonly stripe: () => StripeSummary;
  readonly gap: () => string | null;
};

const broadcastIntervalMs = 100;
/** Without news the picture is sent again this often, so that "this minute" falls back to zero on an idle screen. */
const idleIntervalMs = 1_000;
const subscribersMax = 32;
const recentMax = 30;
const inFlightMax = 50;
const conversationsMax = 24;

export function createLive(options: LiveOptions): Live {
  const { clock, spend } = options;
  const inFlight = new Map<string, { call: BegunCall; running: RunningView }>();
  const subscribers = new Set<(snapshot: LiveSnapshot) => void>();
  let conversations = createConversations();
  let recent: CallRow[] = options.recent.slice(0, recentMax);
  let timer: Timer | null = null;
  let isChanged = false;
  let lastBroadcastMs = -Infinity;

  for (const row of options.recent.toReversed()) conversations.add(row);

  const again = createReadAgain({
    clock,
    read: options.readAgain,
    onRead: (calls, late) => {
      conversations = createConversations();
      for (const row of [...calls.recent.toReversed(), ...late]) conversations.add(row);
      recent = [...late.toReversed(), ...calls.recent].slice(0, recentMax);
      spend.correctMinutes(calls.minutes, late);
      isChanged = true;
    },
  });

  function snapshot(): LiveSnapshot {
    const atMs = clock.nowMs();
    return {
      atMs,
      timeZone: options.timeZone,
      isDemo: options.isDemo,
      ...spend.sums(atMs),
      inFlight: [...inFlight.values()].slice(0, inFlightMax).map(({ call, running }) => inFlightCall(call, running)),
      inFlightCount: inFlight.size,
      recent: [...recent],
      conversations: conversations.latest(conversationsMax).map((told) => {
        const seen = options.limits.conversation(told.id, told.project, atMs);
        return { ...told, ...seen, growthTokens: seen.growthTokens ?? told.growthTokens };
      }),
      ...options.limits.summary(atMs),
      stripe: options.stripe(),
      gap: options.gap(),
    };
  }

  function tick(): void {
    timer = null;
    if (subscribers.size === 0) return;
    const isDue = isChanged || inFlight.size > 0 || clock.monotonicMs() - lastBroadcastMs >= idleIntervalMs;
    if (isDue) {
      isChanged = false;
      lastBroadcastMs = clock.monotonicMs();
      const picture = snapshot();
      for (const send of subscribers) send(picture);
    }
    timer = clock.after(broadcastIntervalMs, tick);
  }

  return {
    started: (call, running) => {
      inFlight.set(call.id, { call, running });
      isChanged = true;
    },
    finished: (callId, said) => {
      const call = inFlight.get(callId)?.call;
      if (call) inFlight.set(callId, { call, running: () => said });
    },
    ended: (callId) => {
      inFlight.delete(callId);
      isChanged = true;
    },
    settled: (row) => {
      inFlight.delete(row.id);
      spend.add(row, clock.nowMs());
      conversations.add(row);
      recent.unshift(row);
      if (recent.length > recentMax) recent.pop();
      again.settled(row);
      isChanged = true;
    },
    changed: (changes) => {
      if (changes.length === 0) return;
      spend.change(changes, clock.nowMs());
      isChanged = true;
      again.soon();
    },
    snapshot,
    subscribe: (onSnapshot) => {
      if (subscribers.size >= subscribersMax) return null;
      subscribers.add(onSnapshot);
      timer ??= clock.after(0, tick);
      return () => subscribers.delete(onSnapshot);
    },
    close: () => {
      again.close();
      timer?.cancel();
      subscribers.clear();
    },
  };
}

function inFlightCall(call: BegunCall, running: RunningView): InFlightCall {
  const { id, startedAtMs, member, project, client, requestedModel, isStream } = call;
  const view = running();
  return { id, startedAtMs, member, project, client, isStream, ...view, model: view.model ?? requestedModel };
}
