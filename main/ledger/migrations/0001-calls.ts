/** Migration 1: calls, charge lines, rollups, the outbox. Amounts are integers; the unit is in the column's name. */
export const migration0001 = `
-- Facts about this ledger itself: its time zone, whether it holds demo data.
CREATE TABLE ledger_facts (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Calls that were begun and not settled yet. A row here after a crash is a call that has to be settled as partial.
CREATE TABLE in_flight (
  id              TEXT PRIMARY KEY,
  source          TEXT NOT NULL,
  started_at_ms   INTEGER NOT NULL,
  path            TEXT NOT NULL,
  client          TEXT,
  requested_model TEXT,
  is_stream       INTEGER NOT NULL,
  prompt_bytes    INTEGER NOT NULL,
  member          TEXT,
  project         TEXT,
  customer        TEXT,
  conversation    TEXT
) STRICT, WITHOUT ROWID;

-- Settled calls. A row is never changed; a correction is a new row.
CREATE TABLE calls (
  seq                   INTEGER PRIMARY KEY,
  id                    TEXT NOT NULL UNIQUE,
  source                TEXT NOT NULL,
  status                TEXT NOT NULL CHECK (status IN ('complete', 'partial', 'failed', 'refused')),
  is_estimated          INTEGER NOT NULL,
  started_at_ms         INTEGER NOT NULL,
  ended_at_ms           INTEGER NOT NULL,
  day                   TEXT NOT NULL,
  path                  TEXT NOT NULL,
  client                TEXT,
  is_stream             INTEGER NOT NULL,
  member                TEXT,
  project               TEXT,
  customer              TEXT,
  conversation          TEXT,
  requested_model       TEXT,
  model                 TEXT,
  message_id            TEXT,
  request_id            TEXT,
  http_status           INTEGER,
  stop_reason           TEXT,
  error_type            TEXT,
  service_tier          TEXT,
  speed                 TEXT,
  inference_geo         TEXT,
  input_tokens          INTEGER NOT NULL,
  cache_write_5m_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  cache_read_tokens     INTEGER NOT NULL,
  output_tokens         INTEGER NOT NULL,
  thinking_tokens       INTEGER NOT NULL,
  web_search_requests   INTEGER NOT NULL,
  pass_count            INTEGER NOT NULL,
  prompt_bytes          INTEGER NOT NULL,
  response_bytes        INTEGER NOT NULL,
  first_byte_ms         INTEGER,
  cost_nano_usd         INTEGER,
  price_book            TEXT,
  unpriced_reason       TEXT,
  usage_json            TEXT,
  CHECK ((cost_nano_usd IS NULL) = (unpriced_reason IS NOT NULL))
) STRICT;
CREATE INDEX calls_by_time ON calls (started_at_ms);
CREATE INDEX calls_by_message ON calls (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE charge_lines (
  call_seq            INTEGER NOT NULL REFERENCES calls (seq),
  line                INTEGER NOT NULL,
  model               TEXT NOT NULL,
  token_class         TEXT NOT NULL,
  quantity            INTEGER NOT NULL,
  unit_price_pico_usd INTEGER NOT NULL,
  amount_pico_usd     INTEGER NOT NULL,
  basis               TEXT NOT NULL,
  PRIMARY KEY (call_seq, line)
) STRICT, WITHOUT ROWID;

-- Sums per day (in the ledger's time zone) and attribution. '' stands for "unassigned", which no name can be.
CREATE TABLE rollups (
  day                   TEXT NOT NULL,
  member                TEXT NOT NULL,
  project               TEXT NOT NULL,
  customer              TEXT NOT NULL,
  model                 TEXT NOT NULL,
  calls                 INTEGER NOT NULL,
  failed_calls          INTEGER NOT NULL,
  unpriced_calls        INTEGER NOT NULL,
  estimated_calls       INTEGER NOT NULL,
  cost_nano_usd         INTEGER NOT NULL,
  input_tokens          INTEGER NOT NULL,
  cache_write_5m_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  cache_read_tokens     INTEGER NOT NULL,
  output_tokens         INTEGER NOT NULL,
  web_search_requests   INTEGER NOT NULL,
  PRIMARY KEY (day, member, project, customer, model)
) STRICT, WITHOUT ROWID;

-- What one call adds to a customer's meter; written with the call. event_id is set when its minute is sealed.
CREATE TABLE outbox_shares (
  call_seq          INTEGER PRIMARY KEY REFERENCES calls (seq),
  customer          TEXT NOT NULL,
  meter             TEXT NOT NULL,
  minute_ms         INTEGER NOT NULL,
  billable_nano_usd INTEGER NOT NULL,
  event_id          TEXT REFERENCES meter_events (id)
) STRICT;
CREATE INDEX outbox_shares_open ON outbox_shares (minute_ms, customer, meter) WHERE event_id IS NULL;
CREATE INDEX outbox_shares_by_event ON outbox_shares (event_id) WHERE event_id IS NOT NULL;

-- One sum for (customer, meter, minute, revision). value is in micro-USD; what is below one is carried to the next event.
CREATE TABLE meter_events (
  id                 TEXT PRIMARY KEY,
  customer           TEXT NOT NULL,
  meter              TEXT NOT NULL,
  minute_ms          INTEGER NOT NULL,
  revision           INTEGER NOT NULL,
  value              INTEGER NOT NULL CHECK (value >= 0),
  calls              INTEGER NOT NULL,
  carried_in_nano    INTEGER NOT NULL,
  carried_out_nano   INTEGER NOT NULL,
  state              TEXT NOT NULL CHECK (state IN ('sealed', 'sending', 'unknown', 'accepted', 'rejected')),
  attempts           INTEGER NOT NULL,
  sealed_at_ms       INTEGER NOT NULL,
  first_sent_at_ms   INTEGER,
  next_attempt_at_ms INTEGER,
  accepted_at_ms     INTEGER,
  last_answer        TEXT,
  UNIQUE (customer, meter, minute_ms, revision)
) STRICT;
CREATE INDEX meter_events_waiting ON meter_events (next_attempt_at_ms) WHERE state IN ('sealed', 'sending', 'unknown');

-- Less than one micro-dollar per (customer, meter), kept for its next event so that nothing is lost to rounding.
CREATE TABLE remainders (
  customer TEXT NOT NULL,
  meter    TEXT NOT NULL,
  nano_usd INTEGER NOT NULL CHECK (nano_usd BETWEEN 0 AND 999),
  PRIMARY KEY (customer, meter)
) STRICT, WITHOUT ROWID;
`;
