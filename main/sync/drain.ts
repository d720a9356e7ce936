/**
 * Sends what is due until nothing is, at the pace of the account and not in rounds that wait for their slowest.
 *
 * In prose: as many requests as the pace lets go at this moment are taken from the ledger, which marks them `sending` durably in the same transaction
 * that writes down what came back since (a turn). They leave at once (shipping.ts); what comes back waits for the next turn. A pair of customer and
 * meter with something on its way gives nothing, so one request at a time holds its events. Before the first yes only a few leave. It ends when
 * nothing is due and nothing under way; earlier when it is no use, when it is told to, when Stripe asks for a long pause, or after a minute, so that
 * Stripe is read as well. (A run that sat out a pause of an hour kept minutes from being sealed, a key from being changed and a person waiting.) What was
 * answered is written down in any case; an answer that the ledger could not take is kept for the next time.
 */
import type { EventAnswer, OutboxTurn } from '../ledger/record-answers.ts';
import type { DueEvent } from '../ledger/take-due.ts';
import type { Clock } from '../system/clock.ts';
import { shipmentsOf, type Roads } from './roads.ts';
import { createShipping, type ShippingOptions } from './shipping.ts';

export type Tally = { readonly sent: number; readonly accepted: number; readonly mayBeMore: boolean };

export type DrainOptions = Pick<ShippingOptions, 'fraction' | 'onAnswer'> & {
  readonly outbox: {
    /** Returns how many were sealed; a further call may seal more. */
    readonly seal: (nowMs: number) => Promise<number>;
    readonly turn: (turn: OutboxTurn) => Promise<readonly DueEvent[]>;
  };
  readonly clock: Clock;
  /** Figures have changed; at most once a second. */
  readonly onProgress: () => void;
};

export type Drain = { readonly run: (roads: Roads, isStopped: () => boolean) => Promise<Tally> };

const sealEveryMs = 2_000;
const progressEveryMs = 1_000;
const runMaxMs = 60_000;
/** Whatever the pace says, so that what goes on beside sending does, and a stop is noticed. */
const paceWaitMaxMs = 1_000;
/** Before the first yes: enough to tell whether there is a network, and a key that is taken. */
const firstMax = 8;
/** While something is under way, so that what comes back meanwhile is written down in one transaction. */
const turnEveryMs = 5;
/** With nothing free to send, an answer waits this long at most to be written down together with others. */
const gatherMs = 20;

export function createDrain(options: DrainOptions): Drain {
  const { outbox, clock } = options;
  const unwritten = createUnwritten(clock);
  let last: DueEvent | null = null;

  async function run(roads: Roads, isStopped: () => boolean): Promise<Tally> {
    const main = roads.stream ?? roads.single;
    const endMs = clock.monotonicMs() + runMaxMs;
    let turnedAtMs = -Infinity;
    /** The ledger gave less than was asked for, and nothing has come back since. */
    let isDry = false;
    let signal = Promise.withResolvers<void>();
    const shipping = createShipping({
      ...options,
      isStopped,
      onDecided: unwritten.add,
      onChange: () => {
        isDry = false;
        signal.resolve();
      },
    });
    const isIdle = () => shipping.unanswered() === 0;
    const isOver = () =>
      shipping.isHopeless() ||
      shipping.fault() !== null ||
      main.pace.longPauseMs() > 0 ||
      clock.monotonicMs() >= endMs ||
      isStopped();
    const wantsMore = () => !isDry && !isOver();
    const hasSettled = () => isIdle() || clock.monotonicMs() - turnedAtMs >= turnEveryMs;
    const roomAhead = () => (shipping.tally().accepted > 0 ? Infinity : firstMax - shipping.unanswered());
    const mustWrite = () => unwritten.count() > 0 && (isIdle() || unwritten.waitsMs() >= gatherMs);

    async function turn(room: number): Promise<void> {
      turnedAtMs = clock.monotonicMs();
      const answers = unwritten.take();
      const limit = room * main.batchMax;
      let due: readonly DueEvent[];
      try {
        due = await outbox.turn({ nowMs: clock.nowMs(), answers, limit, perPair: main.batchMax, after: last });
      } catch (error) {
        unwritten.putBack(answers);
        throw error;
      }
      last = due.at(-1) ?? last;
      isDry = due.length < limit;
      main.pace.giveBack(shipping.send(shipmentsOf(roads, due), main, room));
    }

    /** Until something comes back, the pace lets something go, what came back has waited long enough, or minutes are to be sealed. */
    async function wait(): Promise<void> {
      const times = [
        sealEveryMs,
        ...(wantsMore() ? [Math.max(turnEveryMs, Math.min(paceWaitMaxMs, main.pace.waitMs()))] : []),
        ...(unwritten.count() > 0 ? [Math.max(1, gatherMs - unwritten.waitsMs())] : []),
      ];
      const timer = clock.after(Math.min(...times), () => signal.resolve());
      await signal.promise;
      timer.cancel();
    }

    const upkeep = createUpkeep(options);
    for (;;) {
      if (!isStopped() && (await upkeep.look())) isDry = false;
      signal = Promise.withResolvers<void>();
      const room = wantsMore() && hasSettled() ? main.pace.take(roomAhead(), shipping.countOn(main)) : 0;
      if (room > 0 || mustWrite()) await turn(room);
      else if (isIdle() && !wantsMore()) break;
      else await wait();
    }
    const fault = shipping.fault();
    if (fault !== null) throw fault;
    upkeep.end(shipping.tally().sent);
    return { ...shipping.tally(), mayBeMore: clock.monotonicMs() >= endMs && !isDry };
  }

  return { run };
}

/** What came back and is not written down yet. */
function createUnwritten({ monotonicMs }: Clock) {
  let answers: EventAnswer[] = [];
  let oldestAtMs: number | null = null;
  return {
    add: (decided: readonly EventAnswer[]) => {
      answers.push(...decided);
      oldestAtMs ??= monotonicMs();
    },
    take: (): readonly EventAnswer[] => {
      const taken = answers;
      answers = [];
      oldestAtMs = null;
      return taken;
    },
    putBack: (taken: readonly EventAnswer[]) => {
      answers = [...taken, ...answers];
    },
    count: () => answers.length,
    waitsMs: () => monotonicMs() - (oldestAtMs ?? monotonicMs()),
  };
}

/** What goes on beside sending: minutes are sealed as they close, figures are told. */
function createUpkeep({ outbox, clock, onProgress }: DrainOptions) {
  let nextSealMs = clock.monotonicMs();
  let nextProgressMs = clock.monotonicMs() + progressEveryMs;
  let hasSealed = false;

  /** Returns whether something was sealed. */
  async function look(): Promise<boolean> {
    const nowMs = clock.monotonicMs();
    if (nowMs >= nextProgressMs) {
      nextProgressMs = nowMs + progressEveryMs;
      onProgress();
    }
    if (nowMs < nextSealMs) return false;
    const sealed = await outbox.seal(clock.nowMs());
    // Some at a time, so that sending goes on between: the rest is asked for at once.
    if (sealed === 0) nextSealMs = nowMs + sealEveryMs;
    hasSealed ||= sealed > 0;
    return sealed > 0;
  }
  return {
    look,
    /** What was sent is told by whoever runs the drain; what was sealed in a run that sent nothing is told here. */
    end: (sent: number) => {
      if (hasSealed && sent === 0) onProgress();
    },
  };
}
