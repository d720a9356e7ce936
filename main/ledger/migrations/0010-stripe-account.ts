/**
 * Migration 10: the Stripe account that this ledger is billed to, one for good; and the calls of nobody found by who they might be billed to, since the
 * screen counts them and there may be a million. Only what passed this machine can be billed from it.
 */
export const migration0010 = `
CREATE TABLE stripe_account (
  only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
  account_id  TEXT NOT NULL,
  is_live     INTEGER NOT NULL,
  bound_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX calls_unmapped ON calls (project, member, started_at_ms, cost_nano_usd)
  WHERE customer IS NULL AND source IN ('proxy', 'batch') AND (cost_nano_usd IS NULL OR cost_nano_usd > 0);
`;
