/** Ids of calls: all different, and in the order of time, so that the ledger's index grows at its end. */
import { describe, expect, it } from 'vitest';

import { systemIds } from '../../../main/system/ids.ts';

describe('call ids', () => {
  it('are all different, beyond one fetch of randomness', () => {
    const ids = Array.from({ length: 2_000 }, systemIds.callId);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids.every((id) => /^call_[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('sort by time', async () => {
    const first = systemIds.callId();
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(first < systemIds.callId()).toBe(true);
  });
});
