/**
 * The sync agent: brings the outbox to Stripe at its own pace, never on the way of a call.
 *
 * In prose: it wakes every few seconds, seals minutes that have closed, takes what is due (the oldest of each customer and meter) and sends it,
 * several customers side by side but one request at a time for a customer and meter. Each answer is decided (decide.ts) and written down before
 * the next event of that pair is taken. When nothing connects, a cycle ends at once and every event keeps its own backoff, while a cheap probe looks
 * whether the network is back; then, and when the host says so, all that waits is due at once. When nothing is left to send it reads what Stripe
 * says of what was sent (readings.ts). Closing waits for the requests under way; what they leave behind is `unknown` and safe to send again.
 * It never drops an event and never changes its minute.
 */
import type { SyncResult } from '../../shared/contract/api.ts';
import type { DueEvent, EventAnswer } from '../ledger/outbox.ts';
import { sleep, type Clock, type Timer } from '../system/clock.ts';
import { decide, type StripeAnswer } from './decide.ts';
import { createNetworkWatch } from './network-watch.ts';
import type { Probe } from './probe.ts';
import type { Readings } from './readings.ts';
import type { StripeMeter } from './stripe.ts';

/** The outbox as the agent needs it; the engine gives it the ledger's writer thread. */
export type OutboxStore = {
  readonly seal: (nowMs: number) => Promise<number>;
  readonly take: (nowMs: number, limit: number) => Promise<readonly DueEvent[]>;
  readonly record: (answer: EventAnswer) => Promise<void>;
  readonly wake: (nowMs: number) => Promise<number>;
  readonly waiting: () => Promise<number>;
};

export type SyncState = 'off' | 'ok' | 'offline' | 'failing';

export type AgentStatus = {
  readonly state: SyncState;
  /** Since when the state holds; null before the first answer. */
  readonly sinceMs: number | null;
  readonly lastAnswer: { readonly atMs: number; readonly sentence: string } | null;
  /** Why Stripe could not be read last; null when it could. */
  readonly readTrouble: string | null;
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
export type StripeSide = { readonly meter: StripeMeter; readonly readings: Readings };

export type SyncAgentOptions = {
  readonly outbox: OutboxStore;
  /** Asked at each cycle, since the key may change. Null without a key: minutes are sealed and wait. */
  readonly stripe: () => StripeSide | null;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly fraction: () => number;
  readonly onChange: () => void;
  /** A cycle failed for a reason that is not Stripe's answer (the ledger): said once, the next cycle tries again. */
  readonly onTrouble: (error: unknown) => void;
};

const wakeEveryMs = 2_000;
/** Requests under way at once. Stripe's sandbox takes 25 a second in all (facts/stripe.md section 1). */
const parallelMax = 8;
/** Cycles of taking within one wake; bounds how long one wake works before it looks whether it should stop. */
const roundsMax = 500;
const closeGraceMs = 5_000;

export function startSyncAgent(options: SyncAgentOptions): SyncAgent {
  const { outbox, clock, onChange } = options;
  const status = createStatus(options);
  const network = createNetworkWatch(options);
  let timer: Timer | null = null;
  let isClosing = false;
  let wasAsked = false;
  let running: Promise<{ sent: number; accepted: number }> | null = null;

  async function deliver(event: DueEvent, { meter, readings }: StripeSide): Promise<StripeAnswer> {
    const answer = await meter.send(event);
    const nowMs = clock.nowMs();
    const decision = decide(answer, { ...event, nowMs, fraction: options.fraction() });
    await outbox.record({ id: event.id, nowMs, ...decision });
    status.note(answer, decision.sentence);
    network.note(answer);
    if (isDelivered(answer)) readings.noteAccepted();
    return answer;
  }

  async function cycle(): Promise<{ sent: number; accepted: number }> {
    const tally = await send();
    const readings = options.stripe()?.readings;
    if (isClosing || !readings || network.isDown()) return tally;
    const isAsked = wasAsked;
    wasAsked = false;
    if (!(await readings.run(isAsked))) return tally;
    onChange();
    // A reading may have sealed again what never arrived.
    const more = await send();
    return { sent: tally.sent + more.sent, accepted: tally.accepted + more.accepted };
  }

  async function send(): Promise<{ sent: number; accepted: number }> {
    const tally = { sent: 0, accepted: 0 };
    if ((await outbox.seal(clock.nowMs())) > 0) onChange();
    const stripe = options.stripe();
    if (stripe === null) return tally;
    for (let round = 0; round < roundsMax && !isClosing; round++) {
      const due = await outbox.take(clock.nowMs(), parallelMax);
      if (due.length === 0) break;
      const wasOffline = status.now().state === 'offline';
      const answers = await Promise.all(due.map((event) => deliver(event, stripe)));
      tally.sent += answers.length;
      tally.accepted += answers.filter(isDelivered).length;
      onChange();
      if (wasOffline && answers.some(isDelivered)) await outbox.wake(clock.nowMs());
      if (answers.every((answer) => !isDelivered(answer))) break;
    }
    return tally;
  }

  /** One cycle at a time: a button and the timer share it. */
  function run(): Promise<{ sent: number; accepted: number }> {
    running ??= cycle().finally(() => {
      running = null;
    });
    return running;
  }

  function wake(): void {
    timer = null;
    network
      .isBack()
      .then((isBack) => (isBack ? outbox.wake(clock.nowMs()) : 0))
      .then(run)
      .catch(options.onTrouble)
      .finally(() => {
        if (!isClosing) timer = clock.after(wakeEveryMs, wake);
      });
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

function isDelivered(answer: StripeAnswer): boolean {
  return answer.kind === 'accepted' || answer.kind === 'duplicate';
}

function stateOf(answer: StripeAnswer): SyncState {
  switch (answer.kind) {
    case 'accepted':
    case 'duplicate':
    case 'rate_limited':
    case 'busy':
      return 'ok';
    case 'not_connected':
    case 'no_answer':
      return 'offline';
    case 'not_authorized':
    case 'refused':
      return 'failing';
  }
}

function createStatus({ stripe, clock }: SyncAgentOptions) {
  let state: SyncState = 'off';
  let sinceMs: number | null = null;
  let lastAnswer: AgentStatus['lastAnswer'] = null;

  function reset(): void {
    state = stripe() ? 'ok' : 'off';
    sinceMs = null;
    lastAnswer = null;
  }
  reset();
  return {
    reset,
    now: (): AgentStatus => ({ state, sinceMs, lastAnswer, readTrouble: stripe()?.readings.trouble() ?? null }),
    note: (answer: StripeAnswer, sentence: string) => {
      const atMs = clock.nowMs();
      const before = state;
      state = stateOf(answer);
      sinceMs = state === before ? (sinceMs ?? atMs) : atMs;
      lastAnswer = { atMs, sentence };
    },
  };
}

function sentenceOf({ state, lastAnswer }: AgentStatus, accepted: number, waiting: number): string {
  if (state === 'off')
    return 'No Stripe key is set, so nothing is sent. Everything is kept. Set STRIPE_API_KEY to send it.';
  const delivered = accepted === 1 ? '1 meter event delivered' : `${accepted} meter events delivered`;
  if (waiting === 0) return `${delivered}. Nothing waits.`;
  const reason = state === 'ok' || lastAnswer === null ? '' : ` ${lastAnswer.sentence}`;
  return `${delivered}, ${waiting} wait.${reason}`;
}
