/**
 * Migration 3: calls on their way stand in the journal, no more in a table. Those that a crash left in the table are settled here by the rule of
 * recover.ts: partial, estimated, unpriced. Their day is only right in UTC, so the ledger's zone is forgotten, which finds every day and sum again.
 */
export const migration0003 = `
DELETE FROM ledger_facts WHERE name = 'time_zone' AND EXISTS (SELECT 1 FROM in_flight);

INSERT INTO calls (id, revision, source, status, is_estimated, started_at_ms, ended_at_ms, day, path, client, is_stream, member, project, customer,
    conversation, requested_model, error_type, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens,
    thinking_tokens, web_search_requests, pass_count, prompt_bytes, response_bytes, unpriced_reason, charge_lines)
  SELECT id, 1, source, 'partial', 1, started_at_ms, started_at_ms, strftime('%Y-%m-%d', started_at_ms / 1000, 'unixepoch'), path, client, is_stream,
         member, project, customer, conversation, requested_model, 'interrupted', 0, 0, 0, 0, 0, 0, 0, 0, prompt_bytes, 0,
         'Tollkeeper was stopped while this call was on its way, so its tokens are not known.', '[]'
    FROM in_flight WHERE id NOT IN (SELECT id FROM calls);

DROP TABLE in_flight;
`;
