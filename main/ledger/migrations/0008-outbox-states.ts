/**
 * Migration 8: every state of a meter event. An event may be sent under a further identifier once its first is spent; readings of Stripe (summaries,
 * error reports, how many reads) are kept, so that nothing is decided twice and a month's reads are known after a restart.
 */
export const migration0008 = `
CREATE TABLE meter_events_2 (
  id                 TEXT PRIMARY KEY,
  -- What Stripe is told. The same as id until a first identifier is spent.
  identifier         TEXT NOT NULL UNIQUE,
  customer           TEXT NOT NULL,
  meter              TEXT NOT NULL,
  minute_ms          INTEGER NOT NULL,
  revision           INTEGER NOT NULL,
  value              INTEGER NOT NULL CHECK (value >= 0),
  calls              INTEGER NOT NULL,
  carried_in_nano    INTEGER NOT NULL,
  carried_out_nano   INTEGER NOT NULL,
  state              TEXT NOT NULL CHECK (state IN
                       ('sealed', 'sending', 'unknown', 'accepted', 'confirmed', 'rejected', 'set_aside', 'carried_forward')),
  -- Under this identifier.
  attempts           INTEGER NOT NULL,
  sealed_at_ms       INTEGER NOT NULL,
  first_sent_at_ms   INTEGER,
  last_sent_at_ms    INTEGER,
  next_attempt_at_ms INTEGER,
  accepted_at_ms     INTEGER,
  confirmed_at_ms    INTEGER,
  rejection_code     TEXT,
  set_aside_reason   TEXT CHECK (set_aside_reason IN ('too_old', 'person')),
  set_aside_at_ms    INTEGER,
  carry_forward      INTEGER REFERENCES carry_forwards (seq),
  last_answer        TEXT,
  UNIQUE (customer, meter, minute_ms, revision)
) STRICT;
INSERT INTO meter_events_2 (id, identifier, customer, meter, minute_ms, revision, value, calls, carried_in_nano, carried_out_nano, state, attempts,
                            sealed_at_ms, first_sent_at_ms, last_sent_at_ms, next_attempt_at_ms, accepted_at_ms, last_answer, rejection_code)
  SELECT id, id, customer, meter, minute_ms, revision, value, calls, carried_in_nano, carried_out_nano, state, attempts,
         sealed_at_ms, first_sent_at_ms, first_sent_at_ms, next_attempt_at_ms, accepted_at_ms, last_answer, CASE WHEN state = 'rejected' THEN 'other' END
    FROM meter_events;
DROP TABLE meter_events;
ALTER TABLE meter_events_2 RENAME TO meter_events;
CREATE INDEX meter_events_waiting ON meter_events (next_attempt_at_ms) WHERE state IN ('sealed', 'sending', 'unknown');
CREATE INDEX meter_events_by_state ON meter_events (state, minute_ms);

-- An identifier that Stripe had and does not count: never used again, nor its revision.
CREATE TABLE spent_identifiers (
  identifier  TEXT PRIMARY KEY,
  event_id    TEXT NOT NULL,
  customer    TEXT NOT NULL,
  meter       TEXT NOT NULL,
  minute_ms   INTEGER NOT NULL,
  revision    INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  spent_at_ms INTEGER NOT NULL,
  reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_identifiers_by_minute ON spent_identifiers (customer, meter, minute_ms);

-- What was set aside and is billed by an invoice item instead.
CREATE TABLE carry_forwards (
  seq       INTEGER PRIMARY KEY,
  customer  TEXT NOT NULL,
  at_ms     INTEGER NOT NULL,
  value     INTEGER NOT NULL,
  calls     INTEGER NOT NULL,
  sentence  TEXT NOT NULL
) STRICT;

-- What Stripe's summary of a minute said, since when it has said the same, whether that can be explained, and when it is asked again.
CREATE TABLE minute_readings (
  customer        TEXT NOT NULL,
  meter           TEXT NOT NULL,
  minute_ms       INTEGER NOT NULL,
  stripe_value    REAL NOT NULL,
  same_since_ms   INTEGER NOT NULL,
  read_at_ms      INTEGER NOT NULL,
  next_read_at_ms INTEGER NOT NULL,
  is_unexplained  INTEGER NOT NULL,
  PRIMARY KEY (customer, meter, minute_ms)
) STRICT, WITHOUT ROWID;

-- A UTC day of a customer and meter on both sides, as last compared.
CREATE TABLE day_comparisons (
  customer       TEXT NOT NULL,
  meter          TEXT NOT NULL,
  day_ms         INTEGER NOT NULL,
  accepted_value INTEGER NOT NULL,
  stripe_value   REAL NOT NULL,
  compared_at_ms INTEGER NOT NULL,
  PRIMARY KEY (customer, meter, day_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX day_comparisons_that_differ ON day_comparisons (day_ms) WHERE accepted_value <> stripe_value;

-- Stripe's reports of events that it had taken and does not count. Samples: named_count may be less than error_count.
CREATE TABLE error_reports (
  id            TEXT PRIMARY KEY,
  created_ms    INTEGER NOT NULL,
  error_count   INTEGER NOT NULL,
  named_count   INTEGER NOT NULL,
  sentence      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Read requests to Stripe by UTC day and what for: it allows 10,000 a month.
CREATE TABLE stripe_reads (
  day_ms INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  reads  INTEGER NOT NULL,
  PRIMARY KEY (day_ms, kind)
) STRICT, WITHOUT ROWID;
`;
