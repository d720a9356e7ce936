/** Parents of conversations: kept once each, tried again where the ledger refused, bounded in memory. */
import { describe, expect, it } from 'vitest';

import { createParents } from '../../../main/limits/parents.ts';
import type { KeptParent } from '../../../shared/contract/limits-start.ts';

describe('the parent of a conversation', () => {
  it('is kept once, however many calls the conversation has, and not again after a start', () => {
    const kept: KeptParent[] = [];
    const parents = createParents([{ conversation: 'old', parent: 'root' }], async (one) => void kept.push(one));
    for (let call = 0; call < 5; call++) parents.note('fork', 'root');
    parents.note('old', 'root');
    expect(kept).toEqual([{ conversation: 'fork', parent: 'root' }]);
    expect([parents.of('fork'), parents.of('old'), parents.of('root')]).toEqual(['root', 'root', null]);
  });

  it('that the ledger refused is kept with the next call', async () => {
    let refusals = 1;
    const kept: KeptParent[] = [];
    const parents = createParents([], async (one) => {
      if (refusals-- > 0) throw new Error('database or disk is full');
      kept.push(one);
    });
    parents.note('fork', 'root');
    await Promise.resolve();
    await Promise.resolve();
    expect(parents.of('fork')).toBe('root');
    for (let call = 0; call < 3; call++) parents.note('fork', 'root');
    expect(kept).toEqual([{ conversation: 'fork', parent: 'root' }]);
  });

  it('is remembered for the newest two thousand', () => {
    const parents = createParents([], () => Promise.resolve());
    for (let index = 0; index < 2_500; index++) parents.note(`c${index}`, 'root');
    expect([parents.of('c499'), parents.of('c500'), parents.of('c2499')]).toEqual([null, 'root', 'root']);
  });
});
