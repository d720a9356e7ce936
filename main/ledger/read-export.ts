/** The export: every settled call in order of time, one row at a time, so that a ledger of any size is exported in constant memory. */
import type { ExportedCall } from '../../shared/contract/export.ts';
import type { Db } from '../system/db.ts';

export type ExportRange = { readonly from: string | null; readonly to: string | null };

type StoredExport = Omit<ExportedCall, 'estimated' | 'started_at' | 'ended_at'> & {
  readonly is_estimated: number;
  readonly started_at_ms: number;
  readonly ended_at_ms: number;
};

/** Days are inclusive and those of the ledger's time zone. */
export function* exportCalls(db: Db, { from, to }: ExportRange): Generator<ExportedCall> {
  const rows = db
    .prepare<[string, string], StoredExport>(
      `SELECT id, source, status, is_estimated, started_at_ms, ended_at_ms, member, project, customer, conversation, requested_model, model,
              message_id, request_id, http_status, stop_reason, service_tier, speed, inference_geo, input_tokens, cache_write_5m_tokens,
              cache_write_1h_tokens, cache_read_tokens, output_tokens, thinking_tokens, web_search_requests, pass_count AS passes,
              prompt_bytes, response_bytes, cost_nano_usd, price_book, unpriced_reason, would_cost_nano_usd
         FROM current_calls WHERE day >= ? AND day <= ? ORDER BY started_at_ms, id`,
    )
    .iterate(from ?? '', to ?? '9999');
  for (const stored of rows) yield exportedCall(stored);
}

function exportedCall(stored: StoredExport): ExportedCall {
  const { is_estimated, started_at_ms, ended_at_ms, id, source, status, ...rest } = stored;
  return {
    id,
    source,
    status,
    estimated: is_estimated === 1,
    started_at: new Date(started_at_ms).toISOString(),
    ended_at: new Date(ended_at_ms).toISOString(),
    ...rest,
  };
}
