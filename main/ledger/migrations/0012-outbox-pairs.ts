/**
 * Migration 12: the waiting events of each customer and meter, the oldest first, so that taking what is due costs the same however much waits.
 */
export const migration0012 = `
CREATE INDEX meter_events_waiting_by_pair ON meter_events (customer, meter, minute_ms, revision) WHERE state IN ('sealed', 'sending', 'unknown');
`;
