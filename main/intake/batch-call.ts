/**
 * One line of a batch's results as a call of the ledger. Pure. A batch is billed when it has run, at half the price of every token class, and its
 * usage is told in the results alone; errored, canceled and expired requests cost nothing (facts/anthropic.md section 3).
 */
import type { Attribution, CallRecord, ChargeLine } from '../../shared/call.ts';
import { batchKey, type BatchResult } from '../../shared/batch.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { settle, type CallEnd } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';

export type BatchContext = Pick<Attribution, 'member' | 'project' | 'customer'> & {
  readonly batchId: string;
  readonly client: string | null;
  /** When the batch was submitted; dated prices go by it. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
};

export type BatchCall = {
  readonly call: CallRecord;
  readonly lines: readonly ChargeLine[];
  readonly keys: readonly string[];
};

export function batchCall(id: string, result: BatchResult, context: BatchContext, book: PriceBook): BatchCall {
  const { batchId, client, member, project, customer, startedAtMs } = context;
  const { outcome, lines } = settle(endOf(result, context), book);
  const call: CallRecord = {
    id,
    source: 'batch',
    startedAtMs,
    path: `/v1/messages/batches/${batchKey(batchId, result.customId)}`,
    client,
    clientUser: null,
    requestedModel: result.model,
    isStream: false,
    promptBytes: 0,
    member,
    project,
    customer,
    conversation: null,
    ...outcome,
  };
  return { call, lines, keys: [batchKey(batchId, result.customId)] };
}

/** Documented to cost nothing (facts/anthropic.md section 3). */
const freeOutcomes: readonly string[] = ['errored', 'canceled', 'expired'];

/**
 * What did not succeed is a failed call: it was tried, and costs nothing. Its status of its own never crossed the wire. An outcome that nobody knows may
 * cost, and is not guessed to be free.
 */
function endOf(result: BatchResult, { startedAtMs, endedAtMs }: BatchContext): CallEnd {
  const isSuccess = result.outcome === 'succeeded';
  const isKnown = isSuccess || freeOutcomes.includes(result.outcome);
  // A result is billed as a batch's, whatever its usage says or leaves out.
  const wire = result.usage === null || !isKnown ? null : { ...result.usage, service_tier: 'batch' };
  return {
    startedAtMs,
    endedAtMs: Math.max(startedAtMs, endedAtMs),
    firstByteMs: null,
    httpStatus: isSuccess ? 200 : null,
    requestId: null,
    responseBytes: 0,
    model: result.model,
    messageId: result.messageId,
    stopReason: result.stopReason,
    errorType: isSuccess || !isKnown ? null : (result.errorType ?? result.outcome),
    usage: wire === null ? null : readUsage(wire),
    usageJson: wire === null ? null : JSON.stringify(wire),
    isWhole: true,
    outputTokensSoFar: 0,
    trouble: isKnown ? null : `The batch result "${result.outcome}" is not known.`,
  };
}
