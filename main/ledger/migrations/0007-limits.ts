/**
 * Migration 7: what the limits know outlives every end of an engine. A conversation's parent is kept when it is first known, and taken over from where an
 * engine kept it at its orderly end. What limits stopped is found by an index, which no other call pays for.
 * The steps that budgets reached are kept once they are told. A batch is known with what it is expected to cost, and how many of its requests may be billed.
 */
export const migration0007 = `
CREATE TABLE conversation_parents (
  seq          INTEGER PRIMARY KEY,
  conversation TEXT NOT NULL UNIQUE,
  parent       TEXT NOT NULL
) STRICT;
INSERT OR IGNORE INTO conversation_parents (conversation, parent)
  SELECT kept.key, kept.value
    FROM ledger_facts AS facts, json_each(CASE WHEN json_valid(facts.value) THEN facts.value ELSE '{}' END, '$.parents') AS kept
   WHERE facts.name = 'limits_memory' AND kept.type = 'text';

CREATE TABLE budget_warnings (
  seq            INTEGER PRIMARY KEY,
  at_ms          INTEGER NOT NULL,
  budget_of      TEXT NOT NULL,
  whose          TEXT,
  per            TEXT NOT NULL,
  period         TEXT NOT NULL,
  limit_nano_usd INTEGER NOT NULL,
  spent_nano_usd INTEGER NOT NULL,
  percent        INTEGER NOT NULL,
  sentence       TEXT NOT NULL
) STRICT;

ALTER TABLE batches ADD COLUMN billable_requests INTEGER;
ALTER TABLE batches ADD COLUMN expected_nano_usd INTEGER;

CREATE INDEX calls_refused ON calls (started_at_ms) WHERE status = 'refused';
`;
