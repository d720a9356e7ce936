/** Identifiers and randomness as a parameter. Call ids sort by time (UUID version 7, counted on within a millisecond), so the ledger's index grows at its end. */
import { randomBytes, randomInt } from 'node:crypto';

import { v7 } from 'uuid';

export type Ids = {
  /** "call_" + UUIDv7 without hyphens. */
  readonly callId: () => string;
  /** 256 bits, base64url; for the dashboard's token. */
  readonly secret: () => string;
  /** A fraction in [0, 1) for jitter; not for secrets. */
  readonly fraction: () => number;
};

export const systemIds: Ids = {
  callId: () => `call_${v7().replaceAll('-', '')}`,
  secret: () => randomBytes(32).toString('base64url'),
  fraction: () => randomInt(0, 2 ** 47) / 2 ** 47,
};
