/**
 * The callbacks of the proxy for the batch API. What cannot be written is told, and costs nothing but a second fetch: the batch stays pending until
 * its results were taken in to their end.
 */
import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { BatchSubmitter } from './batches.ts';
import type { Intake } from './start.ts';

export type BatchCallbacks = {
  readonly onBatches: (batches: readonly BatchFacts[], submitter: BatchSubmitter | null) => void;
  readonly onBatchResults: (batchId: string, results: readonly BatchResult[], fetcher: BatchSubmitter) => void;
  readonly onBatchMetered: (batchId: string) => void;
};

export function meterBatches(intake: Intake, onTrouble: (error: unknown) => void): BatchCallbacks {
  let failed = new Set<string>();
  /** A batch of which a part could not be written is not metered, whatever comes after it. */
  const note = (batchId: string, work: Promise<void>) =>
    void work.catch((error: unknown) => {
      failed = new Set([...failed, batchId].slice(-1_000));
      onTrouble(error);
    });
  return {
    onBatches: (batches, submitter) => void intake.batches(batches, submitter).catch(onTrouble),
    onBatchResults: (batchId, results, fetcher) => note(batchId, intake.batchResults(batchId, results, fetcher)),
    onBatchMetered: (batchId) => {
      const end = async () => {
        if (!failed.delete(batchId)) await intake.batchMetered(batchId);
      };
      // Behind the lines that are still being written.
      void intake.settled().then(end).catch(onTrouble);
    },
  };
}
