/**
 * Which conversation another came from: a fork's origin, what a summary sums up, who started a subagent. The newest in memory, for the screens; each is kept
 * in the ledger once, when it is first known. What the ledger refuses is kept with the next call of its conversation. Bounded.
 */
import type { KeptParent } from '../../shared/contract/limits-start.ts';

export type Parents = {
  /** Told of at every call of a conversation that has one. */
  readonly note: (conversation: string, parent: string) => void;
  readonly of: (conversation: string) => string | null;
};

const conversationsMax = 2_000;

/** `start`: the oldest first. `keep` writes one down. */
export function createParents(start: readonly KeptParent[], keep: (kept: KeptParent) => Promise<void>): Parents {
  const known = new Map(start.map(({ conversation, parent }) => [conversation, parent]));
  const unkept = new Set<string>();

  function remember(conversation: string, parent: string): void {
    known.delete(conversation);
    known.set(conversation, parent);
    const oldest = known.keys().next();
    if (known.size <= conversationsMax || oldest.done) return;
    known.delete(oldest.value);
    unkept.delete(oldest.value);
  }

  return {
    note: (conversation, parent) => {
      if (known.get(conversation) === parent && !unkept.delete(conversation)) return;
      remember(conversation, parent);
      keep({ conversation, parent }).catch(() => {
        // That the ledger refuses is told by the ledger.
        if (known.has(conversation)) unkept.add(conversation);
      });
    },
    of: (conversation) => known.get(conversation) ?? null,
  };
}
