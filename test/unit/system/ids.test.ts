/** Ids of calls: all different, and in the order of time, so that the ledger's index grows at its end. */
import { describe, expect, it } from 'vitest';

import { systemIds } from '../../../main/system/ids.ts';

describe('call ids', () => {
  it('are all different', () => {
    const ids = Array.from({ length: 2_000 }, systemIds.callId);
    expect(new Set(ids).size).toBe(2_000);
    expect(ids.every((id) => /^call_[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('sort by time, within one millisecond too', () => {
    const ids = Array.from({ length: 2_000 }, systemIds.callId);
    expect(ids.toSorted()).toEqual(ids);
  });
});
