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
  client_user: 'clientUser',
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
  would_cost_nano_usd: 'wouldCostNanoUsd',
  refusal: 'refusal',
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
  readonly lines: Lines;
};

/** Charge lines, or the text by which they stand in a row already. */
export type Lines = readonly ChargeLine[] | string;

/** The values of a call's own columns, in their order. */
export type CallValues = readonly unknown[];

export function valuesOf(call: CallRecord): CallValues {
  const values: unknown[] = [];
  for (const field of fields) {
    // A journal that an earlier version left behind tells of calls without the newest fields.
    const value = call[field] ?? null;
    values.push(typeof value === 'boolean' ? Number(value) : value);
  }
  return values;
}

export type InsertCall = (values: CallValues, facts: RowFacts) => { readonly seq: number | bigint };

/**
 * Half of a row is null, and a column that an INSERT does not name is null too: a statement for each set of columns that are named, since binding is
 * what a row costs most. There are a handful of sets (by source and ending); were there ever many, the rest would share the full statement.
 */
const statementsMax = 100;

/** @throws SqliteError (constraint) when this revision of the call stands already. */
export function prepareInsertCall(db: Db): InsertCall {
  const names = [...columnNames, 'day', 'revision', 'corrects_seq', 'correction_reason', 'repeat_of', 'charge_lines'];
  const prepare = (named: readonly string[]) =>
    db.prepare<unknown[]>(`INSERT INTO calls (${named.join(', ')}) VALUES (${named.map(() => '?').join(', ')})`);
  const full = prepare(names);
  const statements = new Map<string, typeof full>();

  function statementFor(nulls: string, row: readonly unknown[]): typeof full | null {
    const known = statements.get(nulls);
    if (known || statements.size >= statementsMax) return known ?? null;
    const made = prepare(names.filter((_name, index) => row[index] !== null));
    statements.set(nulls, made);
    return made;
  }

  return (values, { day, revision, correctsSeq, correctionReason, repeatOf, lines }) => {
    const text = typeof lines === 'string' ? lines : linesText(lines);
    const row = [...values, day, revision, correctsSeq, correctionReason, repeatOf, text];
    const named = row.filter(isNotNull);
    const statement = statementFor(nullsOf(row), row);
    // Spread: the driver binds arguments faster than the elements of an array.
    const { lastInsertRowid } = statement === null ? full.run(...row) : statement.run(...named);
    return { seq: lastInsertRowid };
  };
}

function isNotNull(value: unknown): boolean {
  return value !== null;
}

/** Which of the values are null, as a short text to look a statement up by. */
function nullsOf(row: readonly unknown[]): string {
  let low = 0;
  let high = 0;
  for (let index = 0; index < row.length; index++) {
    if (row[index] !== null) continue;
    if (index < 30) low |= 1 << index;
    else high |= 1 << (index - 30);
  }
  return `${low} ${high}`;
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

/** Current calls that this SQL condition names, in order of their rows, from after `afterSeq`. */
export function readStoredCallsWhere(
  db: Db,
  { sql, values, afterSeq, limit }: { sql: string; values: readonly unknown[]; afterSeq: number; limit: number },
): StoredCall[] {
  return db
    .prepare<unknown[], StoredRow>(
      `SELECT ${storedColumns} FROM current_calls WHERE seq > ? AND ${sql} ORDER BY seq LIMIT ?`,
    )
    .all(afterSeq, ...values, limit)
    .map(storedCall);
}

function storedCall({ seq, revision, repeatOf, chargeLines, ...row }: StoredRow): StoredCall {
  const call = { ...row, isEstimated: row.isEstimated === 1, isStream: row.isStream === 1 };
  return { seq, revision, repeatOf, call, lines: linesOf(chargeLines) };
}

/**
 * A call on its way between threads: its values, its charge lines as they are stored, then further names of it. What a thread hands to another is
 * copied, and an array is copied seven times as fast as an object with forty names.
 */
export type PackedCall = readonly unknown[];

export function packCall(call: CallRecord, lines: readonly ChargeLine[], keys: readonly string[]): PackedCall {
  return [...valuesOf(call), linesText(lines), ...keys];
}

/** Every field stands in it from the start: filling one in then costs half of what adding it would. */
const unfilled: Readonly<Record<string, unknown>> = Object.fromEntries(fields.map((field) => [field, null]));

export type UnpackedCall = {
  readonly call: CallRecord;
  readonly values: CallValues;
  readonly lines: string;
  readonly keys: readonly string[];
};

export function unpackCall(packed: PackedCall): UnpackedCall {
  const filled = { ...unfilled };
  let index = 0;
  for (const field of fields) filled[field] = packed[index++];
  filled['isEstimated'] = filled['isEstimated'] === 1;
  filled['isStream'] = filled['isStream'] === 1;
  const [lines = '[]', ...keys] = packed.slice(fields.length) as string[];
  return { call: filled as CallRecord, values: packed.slice(0, fields.length), lines, keys };
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
