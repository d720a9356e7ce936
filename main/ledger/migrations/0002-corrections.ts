/**
 * Migration 2: corrections, one call one row of truth. A call (`id`) is now a chain of revisions; charge lines stand in their call's row, which
 * halves what a settle writes; `call_keys` makes the database itself refuse a second call of one message.
 */
export const migration0002 = `
CREATE TABLE calls_2 (
  seq                   INTEGER PRIMARY KEY,
  id                    TEXT NOT NULL,
  revision              INTEGER NOT NULL,
  -- The row that this one takes the place of, and why. The old row stays as it was.
  corrects_seq          INTEGER REFERENCES calls_2 (seq),
  correction_reason     TEXT,
  -- Another call that passed the proxy with the same message: this one was answered from somebody's cache and is counted there.
  repeat_of             TEXT,
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
  -- Only where the columns do not tell everything: usage with passes of its own.
  usage_json            TEXT,
  -- JSON: [[model, token class, quantity, unit price in pico-USD, basis], ...]. An amount is quantity times unit price.
  charge_lines          TEXT NOT NULL,
  CHECK ((cost_nano_usd IS NULL) = (unpriced_reason IS NOT NULL)),
  CHECK ((corrects_seq IS NULL) = (revision = 1)),
  UNIQUE (id, revision)
) STRICT;

INSERT INTO calls_2
  SELECT seq, id, 1, NULL, NULL, NULL, source, status, is_estimated, started_at_ms, ended_at_ms, day, path, client, is_stream, member, project,
         customer, conversation, requested_model, model, message_id, request_id, http_status, stop_reason, error_type, service_tier, speed,
         inference_geo, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, thinking_tokens,
         web_search_requests, pass_count, prompt_bytes, response_bytes, first_byte_ms, cost_nano_usd, price_book, unpriced_reason, usage_json,
         (SELECT json_group_array(json_array(model, token_class, quantity, unit_price_pico_usd, basis))
            FROM (SELECT * FROM charge_lines l WHERE l.call_seq = c.seq ORDER BY line))
    FROM calls c;

-- Which call a message (or a request, or a line of a batch) is. One key, one call: invariant 5 in the schema.
CREATE TABLE call_keys (
  key     TEXT PRIMARY KEY,
  call_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO call_keys SELECT message_id, id FROM calls WHERE message_id IS NOT NULL ORDER BY seq;

CREATE TABLE outbox_shares_2 (
  call_seq          INTEGER PRIMARY KEY REFERENCES calls (seq),
  customer          TEXT NOT NULL,
  meter             TEXT NOT NULL,
  minute_ms         INTEGER NOT NULL,
  billable_nano_usd INTEGER NOT NULL,
  event_id          TEXT REFERENCES meter_events (id)
) STRICT;
INSERT INTO outbox_shares_2 SELECT call_seq, customer, meter, minute_ms, billable_nano_usd, event_id FROM outbox_shares;
DROP TABLE outbox_shares;
DROP TABLE charge_lines;
DROP TABLE calls;
ALTER TABLE calls_2 RENAME TO calls;
ALTER TABLE outbox_shares_2 RENAME TO outbox_shares;
CREATE INDEX calls_by_time ON calls (started_at_ms);
CREATE UNIQUE INDEX calls_by_corrected ON calls (corrects_seq) WHERE corrects_seq IS NOT NULL;
CREATE INDEX outbox_shares_open ON outbox_shares (minute_ms, customer, meter) WHERE event_id IS NULL;
CREATE INDEX outbox_shares_by_event ON outbox_shares (event_id) WHERE event_id IS NOT NULL;

-- The last revision of every call: what is counted, listed and exported.
CREATE VIEW current_calls AS
  SELECT * FROM calls c WHERE NOT EXISTS (SELECT 1 FROM calls n WHERE n.corrects_seq = c.seq);

CREATE VIEW charge_lines AS
  SELECT c.seq AS call_seq, l.key + 1 AS line, l.value ->> 0 AS model, l.value ->> 1 AS token_class, l.value ->> 2 AS quantity,
         l.value ->> 3 AS unit_price_pico_usd, (l.value ->> 2) * (l.value ->> 3) AS amount_pico_usd, l.value ->> 4 AS basis
    FROM calls c, json_each(c.charge_lines) l;

-- Where else a call was seen. Its first source stands in its row.
CREATE TABLE sightings (
  call_id   TEXT NOT NULL,
  source    TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  PRIMARY KEY (call_id, source)
) STRICT, WITHOUT ROWID;

-- A call whose cost changed after its share was sent: what Stripe was told, and what it should have been told. To be settled with the customer.
CREATE TABLE billing_differences (
  call_id       TEXT NOT NULL,
  customer      TEXT NOT NULL,
  meter         TEXT NOT NULL,
  minute_ms     INTEGER NOT NULL,
  event_id      TEXT NOT NULL,
  sent_nano_usd INTEGER NOT NULL,
  due_nano_usd  INTEGER NOT NULL,
  PRIMARY KEY (call_id, customer)
) STRICT, WITHOUT ROWID;

-- A meter event that is opened again gives its remainder back, which may leave less than nothing until the next one is sealed.
CREATE TABLE remainders_2 (
  customer TEXT NOT NULL,
  meter    TEXT NOT NULL,
  nano_usd INTEGER NOT NULL,
  PRIMARY KEY (customer, meter)
) STRICT, WITHOUT ROWID;
INSERT INTO remainders_2 SELECT customer, meter, nano_usd FROM remainders;
DROP TABLE remainders;
ALTER TABLE remainders_2 RENAME TO remainders;

-- Every price book that has priced a call here, so that an old figure can always be explained.
CREATE TABLE price_books (
  version       TEXT PRIMARY KEY,
  first_used_ms INTEGER NOT NULL,
  data          TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Message batches that were submitted through the proxy; metered when their results are fetched.
CREATE TABLE batches (
  id              TEXT PRIMARY KEY,
  submitted_at_ms INTEGER NOT NULL,
  requests        INTEGER NOT NULL,
  status          TEXT NOT NULL,
  ended_at_ms     INTEGER,
  metered_at_ms   INTEGER,
  metered_calls   INTEGER NOT NULL,
  client          TEXT,
  member          TEXT,
  project         TEXT,
  customer        TEXT
) STRICT, WITHOUT ROWID;

-- How far each transcript has been read. The head tells a file that grew from another one of the same name.
CREATE TABLE intake_files (
  path        TEXT PRIMARY KEY,
  read_bytes  INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  head        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
