/**
 * Migration 13: a day on which Stripe goes on counting less than it accepted is looked into, down to the minutes, until it is known which events it does
 * not count: their reports may be gone, or name no event.
 */
export const migration0013 = `
-- Since when both sides of a day that differs have said the same, and when its hours were last read.
ALTER TABLE day_comparisons ADD COLUMN same_since_ms INTEGER;
ALTER TABLE day_comparisons ADD COLUMN hours_read_at_ms INTEGER;
-- Of a minute in doubt what Stripe accepted is as uncertain as what was never answered.
ALTER TABLE minute_readings ADD COLUMN is_doubted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX minute_readings_in_doubt ON minute_readings (next_read_at_ms) WHERE is_doubted = 1;
`;
