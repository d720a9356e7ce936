/**
 * The callbacks of the proxy for the batch API. What cannot be written is told, and costs nothing but a second fetch: the batch stays pending until
 * its results were taken in to their end. What is reserved for a batch ends with that, or when Anthropic says that less of it will be billed.
 */
import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { BegunCall } from '../../shared/call.ts';
import type { BatchFetcher } from './batches.ts';
import type { Intake } from './start.ts';

export type BatchCallbacks = {
  readonly onBatchSubmitted: (call: BegunCall, facts: BatchFacts | null) => void;
  readonly onBatches: (batches: readonly BatchFacts[]) => void;
  readonly onBatchResults: (batchId: string, results: readonly BatchResult[], fetcher: BatchFetcher) => void;
  readonly onBatchMetered: (batchId: string) => void;
};

/** What the limits hold of batches on their way. */
export type BatchHolds = {
  /** What is expected of it, in nano-USD; null where nothing is known. `batchId` null: it was not taken. */
  readonly submitted: (callId: string, batchId: string | null) => number | null;
  /** It stands in the ledger. */
  readonly noted: (batchId: string) => void;
  /** What the ledger says of batches is another. */
  readonly changed: () => void;
};

type MeterBatches = {
  readonly intake: Intake;
  readonly holds: BatchHolds;
  readonly onTrouble: (error: unknown) => void;
};

export function meterBatches({ intake, holds, onTrouble }: MeterBatches): BatchCallbacks {
  let failed = new Set<string>();
  /** A batch of which a part could not be written is not metered, whatever comes after it. */
  const note = (batchId: string, work: Promise<void>) =>
    void work.catch((error: unknown) => {
      failed = new Set([...failed, batchId].slice(-1_000));
      onTrouble(error);
    });

  async function submitted({ id, client, member, project, customer }: BegunCall, facts: BatchFacts | null) {
    const expectedNanoUsd = holds.submitted(id, facts?.id ?? null);
    if (facts === null) return;
    await intake.batches([facts], { client, member, project, customer, expectedNanoUsd });
    holds.noted(facts.id);
  }

  async function metered(batchId: string) {
    // Behind the lines that are still being written.
    await intake.settled();
    if (failed.delete(batchId)) return;
    await intake.batchMetered(batchId);
    holds.changed();
  }

  return {
    onBatchSubmitted: (call, facts) => void submitted(call, facts).catch(onTrouble),
    onBatches: (batches) =>
      void intake
        .batches(batches, null)
        .then((isNews) => isNews && holds.changed())
        .catch(onTrouble),
    onBatchResults: (batchId, results, fetcher) => note(batchId, intake.batchResults(batchId, results, fetcher)),
    onBatchMetered: (batchId) => void metered(batchId).catch(onTrouble),
  };
}
