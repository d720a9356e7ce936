/**
 * The sync agent: brings the outbox to Stripe at its own pace, never on the way of a call.
 *
 * In prose: it wakes every few seconds, seals minutes that have closed and sends what is due (drain.ts), several customers side by side but one
 * request at a time for a customer and meter, no faster than the account may (pace.ts). Each answer is decided (decide.ts) and written down before the
 * next event of that pair is taken. When nothing connects, a cycle ends at once and every event keeps its own backoff, while a cheap probe looks
 * whether the network is back; then, and when the host says so, all that waits is due at once. When nothing is left to send it has delivered events
 * cancelled whose calls were corrected (adjustments.ts), reads what Stripe says of what was sent (readings.ts), and sends what came of both. While Stripe
 * asks for a long pause it wakes as ever, and everything but sending goes on. Closing waits for the requests under way; what they leave behind is `unknown`
 * and safe to send again. It never drops an event and never changes its minute.
 */
import type { SyncResult } from '../../shared/contract/api.ts';
import { sleep, type Clock, type Timer } from '../system/clock.ts';
import type { Adjustments } from './adjustments.ts';
import { createStatus, sentenceOf, type AgentStatus } from './agent-status.ts';
import { isDelivered } from './decide.ts';
import { createDrain, type DrainOptions, type Tally } from './drain.ts';
import type { InvoiceItems } from './invoice-items.ts';
import type { MonthReader } from './month-reader.ts';
import { createNetworkWatch } from './network-watch.ts';
import { pauseSentence } from './pace.ts';
import type { Probe } from './probe.ts';
import type { Readings } from './readings.ts';
import type { Roads } from './roads.ts';

/** The outbox as the agent needs it; the engine gives it the ledger's writer thread. */
export type OutboxStore = DrainOptions['outbox'] & {
  readonly wake: (nowMs: number) => Promise<number>;
  readonly waiting: () => Promise<number>;
};

export type SyncAgent = {
  readonly status: () => AgentStatus;
  /** Sends what waits, whatever its backoff says, and tells what came of it. */
  readonly syncNow: () => Promise<SyncResult>;
  /** The host says that the network is back: what waits is due at once. */
  readonly online: () => void;
  /** Another key is in use, or none: what waited because of the old one is tried at once. */
  readonly renew: () => void;
  readonly close: () => Promise<void>;
};

/** What a key opens: sending, and reading what became of it. */
export type StripeSide = AgentSide & { readonly items: InvoiceItems; readonly months: MonthReader };

/** The part that the agent works with. */
export type AgentSide = { readonly roads: Roads; readonly adjustments: Adjustments; readonly readings: Readings };

export type SyncAgentOptions = {
  readonly outbox: OutboxStore;
  /** Asked at each cycle, since the key may change. Null without a key: minutes are sealed and wait. */
  readonly stripe: () => AgentSide | null;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly fraction: () => number;
  readonly onChange: () => void;
  /** A cycle failed for a reason that is not Stripe's answer (the ledger): said once, the next cycle tries again. */
  readonly onTrouble: (error: unknown) => void;
};

const wakeEveryMs = 2_000;
const closeGraceMs = 5_000;

export function startSyncAgent(options: SyncAgentOptions): SyncAgent {
  const { outbox, clock, onChange } = options;
  const status = createPausedStatus(options);
  const network = createNetworkWatch(options);
  let timer: Timer | null = null;
  let isClosing = false;
  let wasAsked = false;
  let running: Promise<Tally> | null = null;

  const drain = createDrain({
    outbox,
    clock,
    fraction: options.fraction,
    onProgress: onChange,
    onAnswer: async (answer, sentence) => {
      const wasOffline = status.now().state === 'offline';
      status.note(answer, sentence);
      network.note(answer);
      options.stripe()?.readings.note(answer);
      if (!isDelivered(answer)) return;
      if (wasOffline) await outbox.wake(clock.nowMs());
    },
  });

  async function cycle(): Promise<Tally> {
    if (!network.isDown()) await options.stripe()?.readings.prepare(() => isClosing);
    const tally = await send();
    const stripe = options.stripe();
    if (isClosing || !stripe || network.isDown()) return tally;
    const isAsked = wasAsked;
    wasAsked = false;
    if (!(await followUp(stripe, { isAsked, isStopped: () => isClosing }))) return tally;
    onChange();
    return sumOf(tally, await send());
  }

  async function send(): Promise<Tally> {
    const stripe = options.stripe();
    if (stripe === null) {
      if ((await outbox.seal(clock.nowMs())) > 0) onChange();
      return { sent: 0, accepted: 0, mayBeMore: false };
    }
    const tally = await drain.run(stripe.roads, () => isClosing || options.stripe() !== stripe);
    if (tally.sent > 0) onChange();
    return tally;
  }

  /** One cycle at a time: a button and the timer share it. */
  function run(): Promise<Tally> {
    return (running ??= cycle().finally(() => {
      running = null;
    }));
  }

  function wake(): void {
    timer = null;
    network
      .isBack()
      .then((isBack) => (isBack ? outbox.wake(clock.nowMs()) : 0))
      .then(run)
      .then(({ mayBeMore }) => (mayBeMore ? 0 : wakeEveryMs))
      .catch((error: unknown) => {
        options.onTrouble(error);
        return wakeEveryMs;
      })
      .then((afterMs) => {
        if (!isClosing) timer = clock.after(afterMs, wake);
      })
      .catch(options.onTrouble);
  }

  timer = clock.after(0, wake);

  /** Whatever waits is due, and a cycle follows. */
  function soon(): void {
    network.expect();
    outbox
      .wake(clock.nowMs())
      .then(() => {
        // Without a timer a cycle runs, and the next follows it soon.
        if (timer === null || isClosing) return;
        timer.cancel();
        timer = clock.after(0, wake);
      })
      .catch(options.onTrouble);
  }

  return {
    status: status.now,
    syncNow: async () => {
      await running;
      await outbox.wake(clock.nowMs());
      network.expect();
      wasAsked = true;
      const { sent, accepted } = await run();
      const waiting = await outbox.waiting();
      return { sent, accepted, waiting, sentence: sentenceOf(status.now(), accepted, waiting) };
    },
    online: soon,
    renew: () => {
      status.reset();
      onChange();
      soon();
    },
    close: async () => {
      isClosing = true;
      timer?.cancel();
      await Promise.race([running?.catch(options.onTrouble), sleep(clock, closeGraceMs)]);
    },
  };
}

/** In a long pause that Stripe asks for, the pause is why things wait, unless there is worse. */
function createPausedStatus(options: Pick<SyncAgentOptions, 'stripe' | 'clock'>): ReturnType<typeof createStatus> {
  const { stripe, clock } = options;
  const status = createStatus(options);
  return {
    ...status,
    now: () => {
      const now = status.now();
      const roads = stripe()?.roads;
      const pauseMs = (roads?.stream ?? roads?.single)?.pace.longPauseMs() ?? 0;
      if (pauseMs === 0 || now.state !== 'ok') return now;
      const sinceMs = now.lastAnswer?.atMs ?? clock.nowMs();
      const sentence = pauseSentence(clock.nowMs() + pauseMs);
      return { ...now, state: 'failing', sinceMs, lastAnswer: { atMs: sinceMs, sentence } };
    },
  };
}

type FollowUp = { readonly isAsked: boolean; readonly isStopped: () => boolean };

/** True when something may be to be sent since: a reading may have sealed again what never arrived, an adjustment what was cancelled. */
async function followUp({ adjustments, readings }: AgentSide, { isAsked, isStopped }: FollowUp): Promise<boolean> {
  const isAdjusted = await adjustments.run(isStopped);
  const hasChanged = (await readings.run(isAsked, isStopped)) || isAdjusted;
  if (hasChanged) await readings.prepare(isStopped);
  return hasChanged;
}

function sumOf(first: Tally, second: Tally): Tally {
  return {
    sent: first.sent + second.sent,
    accepted: first.accepted + second.accepted,
    mayBeMore: first.mayBeMore || second.mayBeMore,
  };
}
