/**
 * Migration 9: plans are dated, and a meter may count tokens. A share says how much of its meter's unit it is, in thousandths (a nano-dollar is a
 * thousandth of a micro-dollar), what that is worth, and under which plan it was counted. Until now there was one meter for each plan `cost`: what stands
 * here already is money, counted under a plan that nobody dated.
 */
export const migration0009 = `
-- The plan of a call is the last one whose minute is not after the call's. The first one is in force from the beginning (0).
CREATE TABLE plans (
  seq       INTEGER PRIMARY KEY,
  -- A whole minute.
  from_ms   INTEGER NOT NULL UNIQUE,
  set_at_ms INTEGER NOT NULL,
  plan      TEXT NOT NULL
) STRICT;

-- What a meter counts, for good: a name has one unit, one class of tokens and one model.
CREATE TABLE meter_units (
  meter       TEXT PRIMARY KEY,
  unit        TEXT NOT NULL CHECK (unit IN ('micro_usd', 'token', 'request')),
  token_class TEXT,
  model       TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO meter_units
  SELECT meter, 'micro_usd', NULL, NULL
    FROM (SELECT meter FROM outbox_shares UNION SELECT meter FROM meter_events UNION SELECT meter FROM remainders
          UNION SELECT meter FROM billing_differences UNION SELECT meter FROM day_comparisons);

CREATE TABLE outbox_shares_3 (
  call_seq           INTEGER NOT NULL REFERENCES calls (seq),
  customer           TEXT NOT NULL,
  meter              TEXT NOT NULL,
  minute_ms          INTEGER NOT NULL,
  amount_thousandths INTEGER NOT NULL,
  -- The cost with the markup; null while the call has no price.
  worth_nano_usd     INTEGER,
  -- Null: counted before plans were dated.
  plan               INTEGER REFERENCES plans (seq),
  event_id           TEXT REFERENCES meter_events (id),
  PRIMARY KEY (call_seq, meter)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_shares_3
  SELECT call_seq, customer, meter, minute_ms, billable_nano_usd, billable_nano_usd, NULL, event_id FROM outbox_shares ORDER BY call_seq;
DROP TABLE outbox_shares;
ALTER TABLE outbox_shares_3 RENAME TO outbox_shares;
CREATE INDEX outbox_shares_open ON outbox_shares (minute_ms, customer, meter) WHERE event_id IS NULL;
CREATE INDEX outbox_shares_by_event ON outbox_shares (event_id) WHERE event_id IS NOT NULL;

ALTER TABLE meter_events RENAME COLUMN carried_in_nano TO carried_in_thousandths;
ALTER TABLE meter_events RENAME COLUMN carried_out_nano TO carried_out_thousandths;
ALTER TABLE meter_events ADD COLUMN unit TEXT NOT NULL DEFAULT 'micro_usd';
-- Of money, the value; of tokens, what they cost with the markup, as far as they have a price.
ALTER TABLE meter_events ADD COLUMN worth_nano_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meter_events ADD COLUMN unpriced_calls INTEGER NOT NULL DEFAULT 0;
UPDATE meter_events SET worth_nano_usd = value * 1000;

ALTER TABLE remainders RENAME COLUMN nano_usd TO thousandths;

CREATE TABLE billing_differences_2 (
  call_id            TEXT NOT NULL,
  customer           TEXT NOT NULL,
  meter              TEXT NOT NULL,
  minute_ms          INTEGER NOT NULL,
  event_id           TEXT NOT NULL,
  sent_thousandths   INTEGER NOT NULL,
  due_thousandths    INTEGER NOT NULL,
  sent_worth_nano_usd INTEGER,
  due_worth_nano_usd INTEGER,
  PRIMARY KEY (call_id, customer, meter)
) STRICT, WITHOUT ROWID;
INSERT INTO billing_differences_2
  SELECT call_id, customer, meter, minute_ms, event_id, sent_nano_usd, due_nano_usd, sent_nano_usd, due_nano_usd FROM billing_differences;
DROP TABLE billing_differences;
ALTER TABLE billing_differences_2 RENAME TO billing_differences;

ALTER TABLE carry_forwards RENAME COLUMN value TO worth_nano_usd;
UPDATE carry_forwards SET worth_nano_usd = worth_nano_usd * 1000;
`;
