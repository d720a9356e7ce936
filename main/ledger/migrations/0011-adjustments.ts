/**
 * Migration 11: what was sent may be cancelled at Stripe and sent anew, or is settled by an invoice item. Two further states of a meter event; each
 * cancellation with what came of it; where an event went that was opened again; periods of invoices; invoice items with what they cover.
 */
export const migration0011 = `
CREATE TABLE meter_events_3 (
  id                 TEXT PRIMARY KEY,
  identifier         TEXT NOT NULL UNIQUE,
  customer           TEXT NOT NULL,
  meter              TEXT NOT NULL,
  minute_ms          INTEGER NOT NULL,
  revision           INTEGER NOT NULL,
  value              INTEGER NOT NULL CHECK (value >= 0),
  calls              INTEGER NOT NULL,
  unit               TEXT NOT NULL CHECK (unit IN ('micro_usd', 'token', 'request')),
  -- Of money, the value; of tokens, what they cost with the markup, as far as they have a price.
  worth_nano_usd     INTEGER NOT NULL,
  unpriced_calls     INTEGER NOT NULL,
  carried_in_thousandths  INTEGER NOT NULL,
  carried_out_thousandths INTEGER NOT NULL,
  state              TEXT NOT NULL CHECK (state IN
                       ('sealed', 'sending', 'unknown', 'accepted', 'confirmed', 'cancelling', 'withdrawn', 'rejected', 'set_aside', 'carried_forward')),
  attempts           INTEGER NOT NULL,
  sealed_at_ms       INTEGER NOT NULL,
  first_sent_at_ms   INTEGER,
  last_sent_at_ms    INTEGER,
  next_attempt_at_ms INTEGER,
  accepted_at_ms     INTEGER,
  confirmed_at_ms    INTEGER,
  rejection_code     TEXT,
  set_aside_reason   TEXT CHECK (set_aside_reason IN ('too_old', 'invoice_final', 'person')),
  set_aside_at_ms    INTEGER,
  carry_forward      INTEGER REFERENCES carry_forwards (seq),
  last_answer        TEXT,
  UNIQUE (customer, meter, minute_ms, revision)
) STRICT;
INSERT INTO meter_events_3 (id, identifier, customer, meter, minute_ms, revision, value, calls, unit, worth_nano_usd, unpriced_calls,
                            carried_in_thousandths, carried_out_thousandths, state, attempts, sealed_at_ms, first_sent_at_ms, last_sent_at_ms, next_attempt_at_ms, accepted_at_ms, confirmed_at_ms, rejection_code,
                            set_aside_reason, set_aside_at_ms, carry_forward, last_answer)
  SELECT id, identifier, customer, meter, minute_ms, revision, value, calls, unit, worth_nano_usd, unpriced_calls,
         carried_in_thousandths, carried_out_thousandths, state, attempts, sealed_at_ms, first_sent_at_ms, last_sent_at_ms, next_attempt_at_ms, accepted_at_ms, confirmed_at_ms, rejection_code,
         set_aside_reason, set_aside_at_ms, carry_forward, last_answer
    FROM meter_events;
DROP TABLE meter_events;
ALTER TABLE meter_events_3 RENAME TO meter_events;
CREATE INDEX meter_events_waiting ON meter_events (next_attempt_at_ms) WHERE state IN ('sealed', 'sending', 'unknown');
CREATE INDEX meter_events_by_state ON meter_events (state, minute_ms);

-- An identifier that Stripe was asked to cancel, or that cannot be cancelled any more. Kept, so that a summary that lags can be understood.
CREATE TABLE cancellations (
  identifier        TEXT PRIMARY KEY,
  event_id          TEXT NOT NULL,
  customer          TEXT NOT NULL,
  meter             TEXT NOT NULL,
  minute_ms         INTEGER NOT NULL,
  -- What Stripe was told under the identifier, in the meter's unit.
  value             INTEGER NOT NULL,
  state             TEXT NOT NULL CHECK (state IN ('asked', 'done', 'refused')),
  attempts          INTEGER NOT NULL,
  -- Of the idempotency key: Stripe replays a 500 under the key that met it.
  key_number        INTEGER NOT NULL,
  may_have_arrived  INTEGER NOT NULL,
  asked_at_ms       INTEGER NOT NULL,
  last_asked_at_ms  INTEGER,
  done_at_ms        INTEGER,
  last_answer       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cancellations_by_minute ON cancellations (customer, meter, minute_ms);
CREATE INDEX cancellations_by_event ON cancellations (event_id);
CREATE INDEX billing_differences_by_minute ON billing_differences (minute_ms);
CREATE INDEX billing_differences_by_event ON billing_differences (event_id);

-- An event that was sealed, never left, and was opened again since a call of it was corrected: where its calls are to be looked for.
CREATE TABLE opened_events (
  id        TEXT PRIMARY KEY,
  customer  TEXT NOT NULL,
  meter     TEXT NOT NULL,
  minute_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An item is 'asked' for from before the request leaves until Stripe's answer is known; what it covers is nobody else's meanwhile.
ALTER TABLE carry_forwards ADD COLUMN state TEXT NOT NULL DEFAULT 'billed' CHECK (state IN ('asked', 'billed', 'dropped'));
-- The item's amount; null where a person put it on an invoice.
ALTER TABLE carry_forwards ADD COLUMN cents INTEGER;
-- Below a cent: what was left by the items before and is in this one, and what this one leaves to the next.
ALTER TABLE carry_forwards ADD COLUMN rest_before_nano_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE carry_forwards ADD COLUMN rest_nano_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE carry_forwards ADD COLUMN reference TEXT;
ALTER TABLE carry_forwards ADD COLUMN item TEXT;
ALTER TABLE carry_forwards ADD COLUMN last_answer TEXT;
CREATE INDEX carry_forwards_by_customer ON carry_forwards (customer);

-- What a customer is owed below a cent, from items before.
CREATE TABLE carry_rests (
  customer TEXT PRIMARY KEY,
  nano_usd INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Differences that an invoice item settles: what the customer was told of a call is its share and these.
CREATE TABLE settled_differences (
  carry_forward INTEGER NOT NULL REFERENCES carry_forwards (seq),
  call_id       TEXT NOT NULL,
  customer      TEXT NOT NULL,
  meter         TEXT NOT NULL,
  minute_ms     INTEGER NOT NULL,
  event_id      TEXT NOT NULL,
  -- In thousandths of the meter's unit, and what the item bills for it.
  amount_thousandths INTEGER NOT NULL,
  worth_nano_usd     INTEGER NOT NULL,
  PRIMARY KEY (carry_forward, call_id, customer, meter)
) STRICT, WITHOUT ROWID;
CREATE INDEX settled_differences_by_call ON settled_differences (call_id, customer, meter);
CREATE INDEX settled_differences_by_event ON settled_differences (event_id);

-- Stretches of a customer's subscription that bills a meter, with the state of the invoice of each, as last read.
CREATE TABLE invoice_periods (
  customer        TEXT NOT NULL,
  meter           TEXT NOT NULL,
  subscription    TEXT NOT NULL,
  start_ms        INTEGER NOT NULL,
  end_ms          INTEGER NOT NULL,
  -- running: not over when it was read, or over and without an invoice yet.
  state           TEXT NOT NULL CHECK (state IN ('running', 'draft', 'final')),
  invoice         TEXT,
  finalizes_at_ms INTEGER,
  PRIMARY KEY (customer, meter, subscription, start_ms)
) STRICT, WITHOUT ROWID;
-- When a customer's subscriptions were last read. Without periods: it has none.
CREATE TABLE invoice_readings (
  customer   TEXT PRIMARY KEY,
  read_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Stripe's figure of a UTC day, as last read for a month on both sides.
CREATE TABLE stripe_days (
  customer   TEXT NOT NULL,
  meter      TEXT NOT NULL,
  day_ms     INTEGER NOT NULL,
  value      REAL NOT NULL,
  read_at_ms INTEGER NOT NULL,
  PRIMARY KEY (customer, meter, day_ms)
) STRICT, WITHOUT ROWID;

-- Warnings about what leaves a window or an invoice, once each.
CREATE TABLE leaving_warnings (
  key      TEXT PRIMARY KEY,
  at_ms    INTEGER NOT NULL,
  sentence TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
