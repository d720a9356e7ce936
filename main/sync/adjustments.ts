/**
 * Cancels delivered events whose calls were corrected within 24 hours, one after another; what takes their place is sealed by the ledger and sent like
 * any other event. Each answer is decided (decide-cancellation.ts) and written down before the next is asked for.
 */
import type { CancellationAnswer } from '../ledger/cancellations.ts';
import type { DueCancellation } from '../ledger/take-cancellations.ts';
import type { Clock } from '../system/clock.ts';
import { decideCancellation } from './decide-cancellation.ts';
import type { StripeCancel } from './stripe-cancel.ts';

/** The ledger as the adjustments need it. */
export type AdjustmentStore = {
  readonly take: (nowMs: number, limit: number) => Promise<readonly DueCancellation[]>;
  readonly record: (answer: CancellationAnswer) => Promise<void>;
};

export type Adjustments = {
  /** True when something is to be sent since. `isStopped` is asked between two requests. */
  readonly run: (isStopped: () => boolean) => Promise<boolean>;
};

export type AdjustmentsOptions = {
  readonly store: AdjustmentStore;
  readonly stripe: StripeCancel;
  readonly clock: Clock;
  readonly fraction: () => number;
};

/** Taken at once; what is taken and not asked for by a stop is due again a minute later. */
const perTake = 5;
/** Requests in one run, so that sending never waits long for it. */
const perRunMax = 100;

export function createAdjustments({ store, stripe, clock, fraction }: AdjustmentsOptions): Adjustments {
  async function cancel(due: DueCancellation): Promise<'done' | 'refused' | 'wait'> {
    const answer = await stripe.cancel(due);
    const nowMs = clock.nowMs();
    const decision = decideCancellation(answer, { ...due, nowMs, fraction: fraction() });
    await store.record({ identifier: due.identifier, nowMs, ...decision });
    return decision.kind;
  }

  return {
    run: async (isStopped) => {
      let hasDone = false;
      for (let asked = 0; asked < perRunMax && !isStopped();) {
        const due = await store.take(clock.nowMs(), perTake);
        if (due.length === 0) break;
        let isWaiting = false;
        for (const event of due) {
          if (isStopped() || isWaiting) break;
          asked += 1;
          const outcome = await cancel(event);
          if (outcome === 'done') hasDone = true;
          isWaiting = outcome === 'wait';
        }
        // Stripe, or the way to it, is in trouble: the rest is due again in a minute.
        if (isWaiting) break;
      }
      return hasDone;
    },
  };
}
