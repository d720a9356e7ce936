/**
 * A test of one fault, with the two sentences that `npm test` prints of it: what the client gets and what the ledger says.
 * The test hands back what it saw, and both must be what it said: the table is never a claim.
 */
import { expect, it } from 'vitest';

export type FaultSays = {
  /** As "504 timeout_error" or "the whole answer". */
  readonly client: string;
  /** As "partial, unpriced"; "no call" where there is no row. */
  readonly ledger: string;
};

declare module 'vitest' {
  interface TaskMeta {
    fault?: FaultSays;
  }
}

export function fault(name: string, says: FaultSays, run: () => Promise<FaultSays>): void {
  it(name, { meta: { fault: says } }, async () => {
    expect(await run()).toEqual(says);
  });
}
