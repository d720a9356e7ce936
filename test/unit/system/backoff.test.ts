/** A backoff grows to its cap; a server that names a wait is not undercut. */
import { describe, expect, it } from 'vitest';

import { backoffMs } from '../../../main/system/backoff.ts';

describe('a backoff', () => {
  it('grows to its cap and never undercuts the server’s word', () => {
    const range = { baseMs: 1_000, capMs: 60_000 };
    expect([backoffMs(range, 0, 0.5), backoffMs(range, 3, 0.5), backoffMs(range, 50, 0.999)]).toEqual([
      500, 4_000, 59_940,
    ]);
    expect(backoffMs(range, 0, 0.1, 5_000)).toBe(5_000);
  });
});
