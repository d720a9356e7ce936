/**
 * Warnings that no answer has carried yet: what is found when a call has ended goes with the header of its conversation's next answer, since that of its own
 * has left. Bounded, the conversations that have waited longest go.
 */
import { warningHeader, type Warning } from './warnings.ts';

export type PendingWarnings = {
  readonly hold: (conversation: string, warnings: readonly Warning[]) => void;
  /** The header for an answer of this conversation: what was held, then its own. Null when there is nothing to say. */
  readonly headerFor: (conversation: string, own: readonly Warning[]) => string | null;
};

const conversationsMax = 2_000;

export function createPendingWarnings(): PendingWarnings {
  const pending = new Map<string, readonly Warning[]>();
  return {
    hold: (conversation, warnings) => {
      const held = pending.get(conversation) ?? [];
      pending.delete(conversation);
      pending.set(conversation, [...held, ...warnings]);
      const oldest = pending.keys().next();
      if (pending.size > conversationsMax && !oldest.done) pending.delete(oldest.value);
    },
    headerFor: (conversation, own) => {
      const held = pending.get(conversation);
      if (held === undefined) return warningHeader(own);
      pending.delete(conversation);
      return warningHeader([...held, ...own]);
    },
  };
}
