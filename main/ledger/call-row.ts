/**
 * A call as a row of `calls`, both ways. One list of columns, so that what is written and what is read back cannot drift apart.
 * Charge lines stand in the row as JSON: [[model, token class, quantity, unit price in pico-USD, basis], …].
 */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';

/** Column → field of `CallRecord`. Booleans are 0 and 1 in the row. */
const columns: Readonly<Record<string, keyof CallRecord>> = {
  id: 'id',
  source: 'source',
  status: 'status',
  is_estimated: 'isEstimated',
  started_at_ms: 'startedAtMs',
  ended_at_ms: 'endedAtMs',
  path: 'path',
  client: 'client',
  is_stream: 'isStream',
  member: 'member',
  project: 'project',
  customer: 'customer',
  conversation: 'conversation',
  requested_model: 'requestedModel',
  model: 'model',
  message_id: 'messageId',
  request_id: 'requestId',
  http_status: 'httpStatus',
  stop_reason: 'stopReason',
  error_type: 'errorType',
  service_tier: 'serviceTier',
  speed: 'speed',
  inference_geo: 'inferenceGeo',
  input_tokens: 'inputTokens',
  cache_write_5m_tokens: 'cacheWrite5mTokens',
  cache_write_1h_tokens: 'cacheWrite1hTokens',
  cache_read_tokens: 'cacheReadTokens',
  output_tokens: 'outputTokens',
  thinking_tokens: 'thinkingTokens',
  web_search_requests: 'webSearchRequests',
  pass_count: 'passCount',
  prompt_bytes: 'promptBytes',
  response_bytes: 'responseBytes',
  first_byte_ms: 'firstByteMs',
  cost_nano_usd: 'costNanoUsd',
  price_book: 'priceBook',
  unpriced_reason: 'unpricedReason',
  usage_json: 'usageJson',
};
const columnNames = Object.keys(columns);
const fields = Object.values(columns);

/** What the row says beyond the call itself. */
export type RowFacts = {
  readonly day: string;
  readonly revision: number;
  readonly correctsSeq: number | bigint | null;
  readonly correctionReason: string | null;
  readonly repeatOf: string | null;
  readonly lines: readonly ChargeLine[];
};

export type InsertCall = (call: CallRecord, facts: RowFacts) => { readonly seq: number | bigint };

/** @throws SqliteError (constraint) when this revision of the call stands already. */
export function prepareInsertCall(db: Db): InsertCall {
  const extra = ['day', 'revision', 'corrects_seq', 'correction_reason', 'repeat_of', 'charge_lines'];
  const names = [...columnNames, ...extra];
  const insert = db.prepare<unknown[]>(
    `INSERT INTO calls (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  return (call, { day, revision, correctsSeq, correctionReason, repeatOf, lines }) => {
    const values: unknown[] = [];
    for (const field of fields) {
      const value = call[field];
      values.push(typeof value === 'boolean' ? Number(value) : value);
    }
    values.push(day, revision, correctsSeq, correctionReason, repeatOf, linesText(lines));
    return { seq: insert.run(values).lastInsertRowid };
  };
}

export type StoredCall = {
  readonly seq: number;
  readonly revision: number;
  readonly repeatOf: string | null;
  readonly call: CallRecord;
  readonly lines: readonly ChargeLine[];
};

type StoredRow = Omit<CallRecord, 'isEstimated' | 'isStream'> & {
  readonly isEstimated: number;
  readonly isStream: number;
  readonly seq: number;
  readonly revision: number;
  readonly repeatOf: string | null;
  readonly chargeLines: string;
};

const storedColumns = `seq, revision, repeat_of AS repeatOf, charge_lines AS chargeLines,
  ${columnNames.map((name) => `${name} AS ${columns[name]}`).join(', ')}`;

/** The last revision of a call, by its id. */
export function prepareReadCall(db: Db): (id: string) => StoredCall | null {
  const read = db.prepare<[string], StoredRow>(
    `SELECT ${storedColumns} FROM calls WHERE id = ? ORDER BY revision DESC LIMIT 1`,
  );
  return (id) => {
    const row = read.get(id);
    return row ? storedCall(row) : null;
  };
}

/** Current calls of a range of days, in order of their rows, from after `afterSeq`. */
export function readStoredCalls(
  db: Db,
  { fromDay, toDay, afterSeq, limit }: { fromDay: string; toDay: string; afterSeq: number; limit: number },
): StoredCall[] {
  return db
    .prepare<[number, string, string, number], StoredRow>(
      `SELECT ${storedColumns} FROM current_calls WHERE seq > ? AND day >= ? AND day <= ? ORDER BY seq LIMIT ?`,
    )
    .all(afterSeq, fromDay, toDay, limit)
    .map(storedCall);
}

function storedCall({ seq, revision, repeatOf, chargeLines, ...row }: StoredRow): StoredCall {
  const call = { ...row, isEstimated: row.isEstimated === 1, isStream: row.isStream === 1 };
  return { seq, revision, repeatOf, call, lines: linesOf(chargeLines) };
}

type StoredLine = readonly [string, ChargeLine['tokenClass'], number, number, string];

function linesText(lines: readonly ChargeLine[]): string {
  if (lines.length === 0) return '[]';
  return JSON.stringify(
    lines.map(({ model, tokenClass, quantity, unitPricePicoUsd, basis }): StoredLine => [
      model,
      tokenClass,
      quantity,
      unitPricePicoUsd,
      basis,
    ]),
  );
}

export function linesOf(text: string): ChargeLine[] {
  const stored = JSON.parse(text) as StoredLine[];
  return stored.map(([model, tokenClass, quantity, unitPricePicoUsd, basis]) => {
    return { model, tokenClass, quantity, unitPricePicoUsd, amountPicoUsd: quantity * unitPricePicoUsd, basis };
  });
}
