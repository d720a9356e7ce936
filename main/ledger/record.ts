/**
 * Writes calls: `begin` before the request leaves, `settle` once its outcome is known. Both run inside the caller's transaction, so
 * that a settled call, its charge lines, its rollup and its share of the outbox are one (invariant 4).
 * Settling a call that is settled already changes nothing: a retry after a failed commit is harmless.
 */
import { billableNanoUsd } from '../../shared/billable.ts';
import { minuteOf, type DayOf } from '../../shared/period.ts';
import type { BegunCall, CallOutcome, SettledCall } from '../../shared/call.ts';
import type { Plan } from '../../shared/contract/settings.ts';

import type { Db } from '../system/db.ts';

export type Recorder = {
  readonly begin: (call: BegunCall) => void;
  /** False when the call was settled before. */
  readonly settle: (begun: BegunCall, settled: SettledCall) => boolean;
};

export type RecordRules = { readonly dayOf: DayOf; readonly plan: Plan };

export function createRecorder(db: Db, rules: RecordRules): Recorder {
  const begin = prepareBegin(db);
  const removeInFlight = db.prepare<[string]>('DELETE FROM in_flight WHERE id = ?');
  const insertCall = prepareInsertCall(db);
  const insertLine = db.prepare(
    `INSERT INTO charge_lines (call_seq, line, model, token_class, quantity, unit_price_pico_usd, amount_pico_usd, basis)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addToRollup = prepareRollup(db);
  const insertShare = db.prepare(
    'INSERT INTO outbox_shares (call_seq, customer, meter, minute_ms, billable_nano_usd) VALUES (?, ?, ?, ?, ?)',
  );

  function settle(begun: BegunCall, { outcome, lines }: SettledCall): boolean {
    const day = rules.dayOf(begun.startedAtMs);
    removeInFlight.run(begun.id);
    const inserted = insertCall.run({
      ...begun,
      ...outcome,
      day,
      isStream: Number(begun.isStream),
      isEstimated: Number(outcome.isEstimated),
    });
    if (inserted.changes === 0) return false;
    const seq = inserted.lastInsertRowid;
    for (const [index, line] of lines.entries()) {
      const { model, tokenClass, quantity, unitPricePicoUsd, amountPicoUsd, basis } = line;
      insertLine.run(seq, index + 1, model, tokenClass, quantity, unitPricePicoUsd, amountPicoUsd, basis);
    }
    addToRollup.run(rollupRow(begun, outcome, day));
    const billable = billableNanoUsd(outcome.costNanoUsd ?? 0, rules.plan.markupPercent);
    if (begun.customer !== null && billable > 0) {
      insertShare.run(seq, begun.customer, rules.plan.eventName, minuteOf(begun.startedAtMs), billable);
    }
    return true;
  }

  return {
    begin: (call) => {
      begin.run({ ...call, isStream: Number(call.isStream) });
    },
    settle,
  };
}

function prepareBegin(db: Db) {
  return db.prepare(
    `INSERT INTO in_flight
       (id, source, started_at_ms, path, client, requested_model, is_stream, prompt_bytes, member, project, customer, conversation)
     SELECT @id, @source, @startedAtMs, @path, @client, @requestedModel, @isStream, @promptBytes, @member, @project, @customer,
            @conversation
      -- A begin that waited for the disk may come after its own settle.
      WHERE NOT EXISTS (SELECT 1 FROM calls WHERE id = @id)
     ON CONFLICT (id) DO NOTHING`,
  );
}

function prepareInsertCall(db: Db) {
  return db.prepare(
    `INSERT INTO calls
       (id, source, status, is_estimated, started_at_ms, ended_at_ms, day, path, client, is_stream, member, project, customer,
        conversation, requested_model, model, message_id, request_id, http_status, stop_reason, error_type, service_tier, speed,
        inference_geo, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, thinking_tokens,
        web_search_requests, pass_count, prompt_bytes, response_bytes, first_byte_ms, cost_nano_usd, price_book, unpriced_reason,
        usage_json)
     VALUES
       (@id, @source, @status, @isEstimated, @startedAtMs, @endedAtMs, @day, @path, @client, @isStream, @member, @project, @customer,
        @conversation, @requestedModel, @model, @messageId, @requestId, @httpStatus, @stopReason, @errorType, @serviceTier, @speed,
        @inferenceGeo, @inputTokens, @cacheWrite5mTokens, @cacheWrite1hTokens, @cacheReadTokens, @outputTokens, @thinkingTokens,
        @webSearchRequests, @passCount, @promptBytes, @responseBytes, @firstByteMs, @costNanoUsd, @priceBook, @unpricedReason,
        @usageJson)
     ON CONFLICT (id) DO NOTHING`,
  );
}

function prepareRollup(db: Db) {
  return db.prepare(
    `INSERT INTO rollups
       (day, member, project, customer, model, calls, failed_calls, unpriced_calls, estimated_calls, cost_nano_usd, input_tokens,
        cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, web_search_requests)
     VALUES
       (@day, @member, @project, @customer, @model, 1, @failed, @unpriced, @estimated, @costNanoUsd, @inputTokens, @cacheWrite5mTokens,
        @cacheWrite1hTokens, @cacheReadTokens, @outputTokens, @webSearchRequests)
     ON CONFLICT (day, member, project, customer, model) DO UPDATE SET
       calls = calls + 1,
       failed_calls = failed_calls + excluded.failed_calls,
       unpriced_calls = unpriced_calls + excluded.unpriced_calls,
       estimated_calls = estimated_calls + excluded.estimated_calls,
       cost_nano_usd = cost_nano_usd + excluded.cost_nano_usd,
       input_tokens = input_tokens + excluded.input_tokens,
       cache_write_5m_tokens = cache_write_5m_tokens + excluded.cache_write_5m_tokens,
       cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
       cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
       output_tokens = output_tokens + excluded.output_tokens,
       web_search_requests = web_search_requests + excluded.web_search_requests`,
  );
}

function rollupRow(begun: BegunCall, outcome: CallOutcome, day: string) {
  return {
    ...outcome,
    day,
    member: begun.member ?? '',
    project: begun.project ?? '',
    customer: begun.customer ?? '',
    model: outcome.model ?? begun.requestedModel ?? '',
    failed: Number(outcome.status === 'failed' || outcome.status === 'refused'),
    unpriced: Number(outcome.costNanoUsd === null),
    estimated: Number(outcome.isEstimated),
    costNanoUsd: outcome.costNanoUsd ?? 0,
    isEstimated: Number(outcome.isEstimated),
  };
}
