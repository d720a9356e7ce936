/** Calls as rows: a filtered page, one call with its charge lines, what the filters can offer, an export. Every read has a limit. */
import type { CallDetail, CallFacets, CallRow, CallsPage, CallsQuery } from '../../shared/contract/api.ts';
import type { ToldAndDue } from '../../shared/contract/meter-amounts.ts';
import { readUsage, type TokenCounts } from '../../shared/usage.ts';
import type { Db } from '../system/db.ts';
import { otherConditions, rangeConditions } from './call-conditions.ts';
import { linesOf } from './charge-text.ts';
import { toldAndDue } from './meter-sql.ts';
import { stretchesOf } from './call-stretches.ts';

const rowColumns = `
  id, source, status, is_estimated, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, member, project, customer, conversation,
  client, requested_model AS requestedModel, model, http_status AS httpStatus, stop_reason AS stopReason, error_type AS errorType,
  input_tokens AS inputTokens, cache_write_5m_tokens AS cacheWrite5mTokens, cache_write_1h_tokens AS cacheWrite1hTokens,
  cache_read_tokens AS cacheReadTokens, output_tokens AS outputTokens, cost_nano_usd AS costNanoUsd, unpriced_reason AS unpricedReason,
  would_cost_nano_usd AS wouldCostNanoUsd`;

const detailColumns = `
  (SELECT parent FROM conversation_parents p WHERE p.conversation = calls.conversation) AS conversationParent,
  path, client_user AS clientUser, refusal, is_stream, usage_json, charge_lines, repeat_of AS repeatOf, correction_reason AS correctionReason, message_id AS messageId, request_id AS requestId, service_tier AS serviceTier, speed,
  inference_geo AS inferenceGeo, thinking_tokens AS thinkingTokens, web_search_requests AS webSearchRequests, pass_count AS passCount,
  prompt_bytes AS promptBytes, response_bytes AS responseBytes, first_byte_ms AS firstByteMs, price_book AS priceBook`;

type StoredRow = Omit<CallRow, 'isEstimated'> & { readonly is_estimated: number };
type StoredDetail = Omit<
  CallDetail,
  'isEstimated' | 'isStream' | 'lines' | 'topLevel' | 'earlier' | 'alsoSeen' | 'meterEvents' | 'differences'
> & {
  readonly usage_json: string | null;
  readonly charge_lines: string;
  readonly is_estimated: number;
  readonly is_stream: number;
};

/** Newest first. The cursor is "startedAtMs.id" of the last row, so a page stays right while newer calls arrive. */
export function readCalls(db: Db, query: CallsQuery): CallsPage {
  const cursor = /^(\d{1,15})\.(.+)$/.exec(query.cursor ?? '');
  const after = cursor ? [Number(cursor[1]), cursor[2]] : [];
  const rows: StoredRow[] = [];
  for (const stretch of stretchesOf(db, query, cursor ? Number(cursor[1]) : null)) {
    if (rows.length > query.limit) break;
    const range = rangeConditions(stretch);
    const other = otherConditions(query);
    const found = db
      .prepare<unknown[], StoredRow>(
        `SELECT ${rowColumns} FROM current_calls
          WHERE ${range.sql} AND ${other.sql} ${cursor ? 'AND (started_at_ms, id) < (?, ?)' : ''}
          ORDER BY started_at_ms DESC, id DESC LIMIT ?`,
      )
      .all(...range.values, ...other.values, ...after, query.limit + 1 - rows.length);
    rows.push(...found);
  }
  const calls = rows.slice(0, query.limit).map(toRow);
  const last = calls.at(-1);
  return { calls, nextCursor: rows.length > query.limit && last ? `${last.startedAtMs}.${last.id}` : null };
}

export function readCall(db: Db, id: string): CallDetail | null {
  const stored = db
    .prepare<[string], StoredDetail>(
      `SELECT ${rowColumns}, ${detailColumns} FROM calls WHERE id = ? ORDER BY revision DESC LIMIT 1`,
    )
    .get(id);
  if (!stored) return null;
  const { charge_lines: lines, usage_json: usageJson, is_stream: isStream, ...row } = stored;
  const { is_estimated: _isEstimated, ...detail } = row;
  return {
    ...toRow(row),
    ...detail,
    isStream: isStream === 1,
    lines: linesOf(lines),
    topLevel: topLevelOf(usageJson, row),
    ...readHistory(db, id),
  };
}

/** What stands beside the row itself: what it was corrected from, where else it was seen, what became of it in Stripe. */
function readHistory(db: Db, id: string): Pick<CallDetail, 'earlier' | 'alsoSeen' | 'meterEvents' | 'differences'> {
  const earlier = db
    .prepare<[string], CallDetail['earlier'][number]>(
      `SELECT o.cost_nano_usd AS costNanoUsd, o.price_book AS priceBook, o.unpriced_reason AS unpricedReason, n.correction_reason AS reason
         FROM calls o JOIN calls n ON n.corrects_seq = o.seq WHERE o.id = ? ORDER BY o.revision`,
    )
    .all(id);
  const alsoSeen = db
    .prepare<[string], CallDetail['alsoSeen'][number]>(
      'SELECT source FROM sightings WHERE call_id = ? ORDER BY seen_at_ms',
    )
    .all(id)
    .map(({ source }) => ({ source }));
  const meterEvents = db
    .prepare<[string], CallDetail['meterEvents'][number]>(
      `SELECT e.id, e.state FROM calls c JOIN outbox_shares s ON s.call_seq = c.seq JOIN meter_events e ON e.id = s.event_id WHERE c.id = ?`,
    )
    .all(id);
  const differences = db
    .prepare<[string], ToldAndDue>(
      `SELECT ${toldAndDue} FROM billing_differences JOIN meter_units u USING (meter) WHERE call_id = ? ORDER BY meter`,
    )
    .all(id);
  return { earlier, alsoSeen, meterEvents, differences };
}

/** The counts at the top of a usage with passes, where they differ from the sum of its billed passes: both are kept. */
function topLevelOf(usageJson: string | null, row: TokenCounts): CallDetail['topLevel'] {
  if (usageJson === null) return null;
  const { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens } = readUsage(
    JSON.parse(usageJson),
  );
  const counts = { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens };
  const isSame = (Object.keys(counts) as (keyof TokenCounts)[]).every((name) => counts[name] === row[name]);
  return isSame ? null : counts;
}

function toRow(stored: StoredRow): CallRow {
  const { is_estimated: isEstimated, ...row } = stored;
  return { ...row, isEstimated: isEstimated === 1 };
}

/** Names used in the rollups, which are few; at most 200 each. Sorted here: SQLite takes three times as long when it is asked to. */
export function readFacets(db: Db): CallFacets {
  const names = (column: 'member' | 'project' | 'model') =>
    db
      .prepare<[], string>(`SELECT DISTINCT ${column} FROM rollups`)
      .pluck()
      .all()
      .filter((name) => name !== '')
      .toSorted()
      .slice(0, 200);
  return { members: names('member'), projects: names('project'), models: names('model') };
}
