/**
 * Migration 6: who uses a client, as the client says itself (`metadata.user_id`). It names no member, but calls of one user are somebody's, and can be
 * assigned together.
 */
export const migration0006 = `
ALTER TABLE calls ADD COLUMN client_user TEXT;
`;
