/**
 * A teammate's export, line by line, as calls of this ledger (shared/contract/export.ts). Pure but for the lines it is given.
 * The cost is theirs: they knew the passes, which an export sums up. Where our book comes to the same, its charge lines stand with it; where it does
 * not, one `imported` line carries their figure and names their book. A call without a cost stays unpriced for the reason they gave, unless a price was
 * all that it wanted and our book has it.
 */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import { exportedCallSchema, type ExportedCall } from '../../shared/contract/export.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';

export type ExportLine =
  | { readonly kind: 'call'; readonly call: CallRecord; readonly lines: readonly ChargeLine[] }
  | { readonly kind: 'broken'; readonly sentence: string };

export function readExportLine(text: string, lineNumber: number, book: PriceBook): ExportLine {
  const wire = parse(text);
  const exported = exportedCallSchema.safeParse(wire);
  if (!exported.success) {
    const issue = exported.error.issues[0];
    const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
    return {
      kind: 'broken',
      sentence: `Line ${lineNumber} is no exported call (${where}${issue?.message ?? 'not JSON'}).`,
    };
  }
  return { kind: 'call', ...priceOf(recordOf(exported.data), book) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as a broken line by the schema, which wants an object.
    return null;
  }
}

function recordOf(row: ExportedCall): CallRecord {
  const passCount = row.passes;
  return {
    id: row.id,
    source: 'import',
    status: row.status,
    isEstimated: row.estimated,
    startedAtMs: Date.parse(row.started_at),
    endedAtMs: Date.parse(row.ended_at),
    path: '/v1/messages',
    client: null,
    clientUser: null,
    isStream: false,
    member: row.member,
    project: row.project,
    customer: row.customer,
    conversation: row.conversation,
    requestedModel: row.requested_model,
    model: row.model,
    messageId: row.message_id,
    requestId: row.request_id,
    httpStatus: row.http_status,
    stopReason: row.stop_reason,
    errorType: null,
    serviceTier: row.service_tier,
    speed: row.speed,
    inferenceGeo: row.inference_geo,
    inputTokens: row.input_tokens,
    cacheWrite5mTokens: row.cache_write_5m_tokens,
    cacheWrite1hTokens: row.cache_write_1h_tokens,
    cacheReadTokens: row.cache_read_tokens,
    outputTokens: row.output_tokens,
    thinkingTokens: row.thinking_tokens,
    webSearchRequests: row.web_search_requests,
    passCount,
    promptBytes: row.prompt_bytes,
    responseBytes: row.response_bytes,
    firstByteMs: null,
    costNanoUsd: row.cost_nano_usd,
    priceBook: row.price_book,
    unpricedReason: row.cost_nano_usd === null ? (row.unpriced_reason ?? 'Its export gives no reason.') : null,
    usageJson: null,
    wouldCostNanoUsd: row.would_cost_nano_usd,
    refusal: null,
  };
}

function priceOf(call: CallRecord, book: PriceBook): { call: CallRecord; lines: readonly ChargeLine[] } {
  const ours = repriceCall(call, book);
  if (call.costNanoUsd === null) {
    // Their book may not have known the model; ours may.
    if (ours === null || ours.costNanoUsd === null) return { call, lines: [] };
    const { lines, ...price } = ours;
    return { call: { ...call, ...price }, lines };
  }
  if (ours !== null && ours.costNanoUsd === call.costNanoUsd) return { call, lines: ours.lines };
  return { call, lines: call.costNanoUsd === 0 ? [] : [importedLine(call, call.costNanoUsd)] };
}

function importedLine(call: CallRecord, costNanoUsd: number): ChargeLine {
  const unitPricePicoUsd = costNanoUsd * 1_000;
  return {
    model: call.model ?? call.requestedModel ?? '',
    tokenClass: 'imported',
    quantity: 1,
    unitPricePicoUsd,
    amountPicoUsd: unitPricePicoUsd,
    basis: `price book ${call.priceBook ?? 'unknown'} of another machine`,
  };
}
