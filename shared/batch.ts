/**
 * Message batches as Anthropic tells of them (facts/anthropic.md section 3): what a batch's own answer says, and one line of its results. Pure and
 * tolerant: what cannot be read is null, never an error. Keeps no content of an answer.
 */
import { isWireObject, readCount, readText, type WireObject } from './usage.ts';

/** Anthropic ends every batch within 24 hours, and its results are usually fetched soon after: so long its expected cost is reserved. */
export const batchReservedMaxMs = 25 * 3_600_000;

export type BatchFacts = {
  readonly id: string;
  /** `in_progress`, `canceling` or `ended`. */
  readonly status: string;
  readonly requests: number;
  /** Those that may be billed: all but the ones that errored, were canceled or expired. */
  readonly billableRequests: number;
  readonly createdAtMs: number | null;
  readonly endedAtMs: number | null;
};

/** One line of the results. Only `succeeded` is billed; the others cost nothing. */
export type BatchResult = {
  readonly customId: string;
  readonly outcome: string;
  readonly errorType: string | null;
  readonly model: string | null;
  readonly messageId: string | null;
  readonly stopReason: string | null;
  readonly usage: WireObject | null;
};

/** The batches of an answer: of one batch, or of a page of them. */
export function readBatches(answer: unknown): BatchFacts[] {
  if (!isWireObject(answer)) return [];
  const listed: readonly unknown[] = Array.isArray(answer['data']) ? answer['data'] : [answer];
  return listed.map(readBatchFacts).filter((facts) => facts !== null);
}

function readBatchFacts(wire: unknown): BatchFacts | null {
  if (!isWireObject(wire) || wire['type'] !== 'message_batch') return null;
  const id = readText(wire['id']);
  if (id === null) return null;
  const counts = isWireObject(wire['request_counts']) ? wire['request_counts'] : {};
  return {
    id,
    status: readText(wire['processing_status']) ?? 'in_progress',
    requests: sumOf(Object.keys(counts), counts),
    billableRequests: sumOf(
      Object.keys(counts).filter((name) => !unbilledCounts.includes(name)),
      counts,
    ),
    createdAtMs: readInstant(wire['created_at']),
    endedAtMs: readInstant(wire['ended_at']),
  };
}

const unbilledCounts: readonly string[] = ['errored', 'canceled', 'expired'];

function sumOf(names: readonly string[], counts: WireObject): number {
  return names.reduce((sum, name) => sum + readCount(counts[name]), 0);
}

function readInstant(value: unknown): number | null {
  const atMs = Date.parse(readText(value) ?? '');
  return Number.isNaN(atMs) ? null : atMs;
}

/** Null for a line that is no result. */
export function readBatchResult(line: string): BatchResult | null {
  const wire = parseObject(line);
  const customId = wire && readText(wire['custom_id']);
  const result = wire?.['result'];
  if (customId === null || !isWireObject(result)) return null;
  const message = isWireObject(result['message']) ? result['message'] : {};
  return {
    customId,
    outcome: readText(result['type']) ?? 'unknown',
    errorType: errorTypeOf(result['error']),
    model: readText(message['model']),
    messageId: readText(message['id']),
    stopReason: readText(message['stop_reason']),
    usage: isWireObject(message['usage']) ? message['usage'] : null,
  };
}

/** An error stands inside an error response: `{type: "error", error: {type, message}}`. */
function errorTypeOf(error: unknown): string | null {
  if (!isWireObject(error)) return null;
  return isWireObject(error['error']) ? readText(error['error']['type']) : readText(error['type']);
}

/** By which a line is known however often it is fetched. */
export function batchKey(batchId: string, customId: string): string {
  return `${batchId}/${customId}`;
}

function parseObject(text: string): WireObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isWireObject(value) ? value : null;
  } catch {
    // Not JSON: a line that was cut, or an error page.
    return null;
  }
}
