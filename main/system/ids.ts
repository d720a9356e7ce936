/** Identifiers and randomness as a parameter. Call ids sort by time (UUID version 7), so the ledger's index grows at its end. */
import { randomBytes, randomFillSync, randomInt } from 'node:crypto';

import { v7 } from 'uuid';

export type Ids = {
  /** "call_" + UUIDv7 without hyphens. */
  readonly callId: () => string;
  /** 256 bits, base64url; for the dashboard's token. */
  readonly secret: () => string;
  /** A fraction in [0, 1) for jitter; not for secrets. */
  readonly fraction: () => number;
};

/** Random bytes are fetched for many ids at once: one by one they were a thirtieth of the proxy's time under load. */
const pool = Buffer.alloc(16 * 256);
let poolUsedBytes = pool.length;

function sixteenBytes(): Uint8Array {
  if (poolUsedBytes === pool.length) {
    randomFillSync(pool);
    poolUsedBytes = 0;
  }
  poolUsedBytes += 16;
  return pool.subarray(poolUsedBytes - 16, poolUsedBytes);
}

export const systemIds: Ids = {
  callId: () => `call_${v7({ random: sixteenBytes() }).replaceAll('-', '')}`,
  secret: () => randomBytes(32).toString('base64url'),
  fraction: () => randomInt(0, 2 ** 47) / 2 ** 47,
};
