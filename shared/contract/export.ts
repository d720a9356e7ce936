/**
 * One exported call: the stable public form of a ledger row (JSONL, one a line; the CSV has the same columns in this order).
 * Token counts are sums over all billed passes; times are RFC 3339 UTC with milliseconds; `cost_nano_usd` is null exactly when unpriced.
 */
import { z } from 'zod';

import { callSources } from '../call.ts';

const text = z.string().nullable();
const count = z.int().min(0);

export const exportedCallSchema = z.strictObject({
  id: z.string(),
  source: z.enum(callSources),
  status: z.enum(['complete', 'partial', 'failed', 'refused']),
  estimated: z.boolean(),
  started_at: z.iso.datetime({ precision: 3 }),
  ended_at: z.iso.datetime({ precision: 3 }),
  member: text,
  project: text,
  customer: text,
  conversation: text,
  requested_model: text,
  model: text,
  message_id: text,
  request_id: text,
  http_status: z.int().nullable(),
  stop_reason: text,
  service_tier: text,
  speed: text,
  inference_geo: text,
  input_tokens: count,
  cache_write_5m_tokens: count,
  cache_write_1h_tokens: count,
  cache_read_tokens: count,
  output_tokens: count,
  thinking_tokens: count,
  web_search_requests: count,
  passes: count,
  prompt_bytes: count,
  response_bytes: count,
  cost_nano_usd: z.int().nullable(),
  price_book: text,
  unpriced_reason: text,
  /** Of a refused call; exports of earlier versions do not have it. */
  would_cost_nano_usd: z.int().nullable().default(null),
});
export type ExportedCall = z.infer<typeof exportedCallSchema>;

export const exportColumns = Object.keys(exportedCallSchema.shape) as readonly (keyof ExportedCall)[];
