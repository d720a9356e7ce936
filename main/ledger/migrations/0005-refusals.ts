/**
 * Migration 5: a refused call says what it would have cost, and what its client was told. The warnings of conversations are kept; the oldest go when there
 * are too many (main/ledger/warnings.ts).
 */
export const migration0005 = `
ALTER TABLE calls ADD COLUMN would_cost_nano_usd INTEGER;
ALTER TABLE calls ADD COLUMN refusal TEXT;

CREATE TABLE warnings (
  seq          INTEGER PRIMARY KEY,
  at_ms        INTEGER NOT NULL,
  conversation TEXT NOT NULL,
  cause        TEXT NOT NULL,
  sentence     TEXT NOT NULL,
  remedy       TEXT NOT NULL,
  value        INTEGER NOT NULL,
  unit         TEXT NOT NULL
) STRICT;
`;
