/** What the batch API told on its way through the proxy, brought to the ledger: the batches themselves, and the lines of their results as calls. */
import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { Attribution } from '../../shared/call.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { BatchSubmitter } from '../ledger/batches.ts';
import type { Ledger } from '../ledger/open.ts';
import { packCalls } from '../ledger/packed-calls.ts';
import { batchCall, type BatchContext } from './batch-call.ts';

export type BatchFetcher = Pick<Attribution, 'member' | 'project' | 'customer'> & { readonly client: string | null };

/** True when something of them is new that bears on what is reserved. */
export async function noteBatches(
  ledger: Pick<Ledger, 'write'>,
  nowMs: number,
  batches: readonly BatchFacts[],
  submitter: BatchSubmitter | null,
): Promise<boolean> {
  let isNews = false;
  for (const facts of batches)
    if (await ledger.write('noteBatch', { ...facts, createdAtMs: facts.createdAtMs ?? nowMs, submitter }))
      isNews = true;
  return isNews;
}

type BatchIntake = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly book: () => PriceBook;
  readonly callId: () => string;
  readonly nowMs: number;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

/** Whoever submitted a batch made its calls; whoever fetches its results stands in only where the submission was not seen. */
export async function takeInBatch(
  { ledger, book, callId, nowMs, onChanges }: BatchIntake,
  batchId: string,
  results: readonly BatchResult[],
  fetcher: BatchFetcher,
): Promise<void> {
  const known = await ledger.read('batch', batchId);
  const hasSubmitter = known !== null && (known.member ?? known.project ?? known.customer ?? known.client) !== null;
  const { client, member, project, customer } = hasSubmitter ? known : fetcher;
  const startedAtMs = known?.submittedAtMs ?? nowMs;
  const context: BatchContext = { batchId, client, member, project, customer, startedAtMs, endedAtMs: nowMs };
  const calls = results.map((result) => batchCall(callId(), result, context, book()));
  const taken = await ledger.write('takeIn', packCalls(calls));
  onChanges(taken.changes);
}
