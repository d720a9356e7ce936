/**
 * What message batches are expected to cost, reserved in the budgets from their submission until their results are metered. States of a batch:
 *
 *   asked → Anthropic did not take it, or nobody heard: released.
 *   asked → submitted, by the id that Anthropic gave it → noted: it stands in the ledger, which says from then on whether and how much is reserved (`load`):
 *   less when requests of it were canceled, nothing when its results were metered or a day and an hour are over (main/ledger/batches.ts).
 *
 * A batch that the ledger refuses to note ends by the same hour. Bounded by what is asked and what the ledger lists.
 */
import type { ReservedBatch } from '../../shared/contract/limits-start.ts';
import { batchReservedMaxMs } from '../../shared/batch.ts';
import type { Budgets } from './budgets.ts';

export type BatchReservations = {
  /** It may be submitted; the budgets hold its reservation under the id of its call. */
  readonly asked: (callId: string, batch: Omit<ReservedBatch, 'id'>) => void;
  /** What is expected of it, for the ledger. `batchId` null: it was not taken. */
  readonly submitted: (callId: string, batchId: string | null) => number | null;
  /** It stands in the ledger. */
  readonly noted: (batchId: string) => void;
  /** All that the ledger holds; what it does not list is released, unless it was submitted since. */
  readonly load: (batches: readonly ReservedBatch[], nowMs: number) => void;
  /** Reserves what is held in the accounts of the budgets as they are now. */
  readonly again: () => void;
  readonly isHoldingAny: () => boolean;
};

export function createBatchReservations(budgets: Budgets, dayOf: (atMs: number) => string): BatchReservations {
  const asking = new Map<string, Omit<ReservedBatch, 'id'>>();
  const held = new Map<string, ReservedBatch>();
  const unnoted = new Set<string>();

  function reserve(batch: ReservedBatch): void {
    held.set(batch.id, batch);
    const day = dayOf(batch.submittedAtMs);
    budgets.hold({ ...batch, id: reservationOf(batch.id), day }, batch.expectedNanoUsd);
  }

  function release(batchId: string): void {
    held.delete(batchId);
    unnoted.delete(batchId);
    budgets.release(reservationOf(batchId));
  }

  return {
    asked: (callId, batch) => void asking.set(callId, batch),
    submitted: (callId, batchId) => {
      const batch = asking.get(callId);
      asking.delete(callId);
      budgets.release(callId);
      if (batch === undefined || batchId === null) return null;
      unnoted.add(batchId);
      reserve({ ...batch, id: batchId });
      return batch.expectedNanoUsd;
    },
    noted: (batchId) => void unnoted.delete(batchId),
    load: (batches, nowMs) => {
      const listed = new Set(batches.map(({ id }) => id));
      for (const { id, submittedAtMs } of held.values())
        if (!listed.has(id) && (!unnoted.has(id) || submittedAtMs + batchReservedMaxMs <= nowMs)) release(id);
      batches.forEach(reserve);
    },
    again: () => held.forEach(reserve),
    isHoldingAny: () => held.size > 0,
  };
}

/** No call has such an id. */
function reservationOf(batchId: string): string {
  return `batch ${batchId}`;
}
