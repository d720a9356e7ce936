/** Identifiers and randomness as a parameter. Call ids sort by time (UUID version 7, counted on within a millisecond), so the ledger's index grows at its end. */
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

/** Random bytes are drawn for many ids at once: a draw costs ten times what an id does, and an import makes a hundred thousand. */
const bytesPerId = 16;
const idsPerDraw = 256;

function createRandomPool(): () => Uint8Array {
  const pool = new Uint8Array(bytesPerId * idsPerDraw);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += bytesPerId;
    return pool.subarray(at - bytesPerId, at);
  };
}

/** Counts on within a millisecond, as RFC 9562 (6.2, method 1) has it, and past one whose numbers are used up. */
function createCallId(): () => string {
  const nextRandom = createRandomPool();
  const bytes = Buffer.alloc(bytesPerId);
  let msecs = 0;
  let seq = 0;
  return () => {
    const random = nextRandom();
    const nowMs = Date.now();
    if (nowMs > msecs) {
      msecs = nowMs;
      // Half of the numbers stay free to count on in.
      seq = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
    } else {
      seq = (seq + 1) >>> 0;
      if (seq === 0) msecs += 1;
    }
    return `call_${v7({ random, msecs, seq }, bytes).toString('hex')}`;
  };
}

export const systemIds: Ids = {
  callId: createCallId(),
  secret: () => randomBytes(32).toString('base64url'),
  fraction: () => randomInt(0, 2 ** 47) / 2 ** 47,
};
