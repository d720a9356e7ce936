/** Migration 5: a refused call says what it would have cost, and what its client was told. */
export const migration0005 = `
ALTER TABLE calls ADD COLUMN would_cost_nano_usd INTEGER;
ALTER TABLE calls ADD COLUMN refusal TEXT;
`;
