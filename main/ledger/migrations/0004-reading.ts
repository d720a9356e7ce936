/**
 * Migration 4: what the screens ask for is found by an index, however many calls and meter events there are. Each index is paid for by every settle, so
 * there is one only where a question would read everything: the few calls without a price, one conversation, the newest meter events of a state.
 */
export const migration0004 = `
CREATE INDEX calls_unpriced ON calls (started_at_ms) WHERE cost_nano_usd IS NULL;
CREATE INDEX calls_by_conversation ON calls (conversation, started_at_ms) WHERE conversation IS NOT NULL;
CREATE INDEX meter_events_by_state ON meter_events (state, minute_ms);
`;
