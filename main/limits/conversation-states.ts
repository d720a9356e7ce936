/** The conversations whose economics are kept in memory, by name; bounded, the least recently active go and are new when they come back. */
import { noTurns, type ConversationState } from './conversation-state.ts';

const conversationsMax = 2_000;

export type ConversationStates = {
  /** Of one that is not known, or of no conversation, the state before any turn. */
  readonly of: (conversation: string | null) => ConversationState;
  readonly keep: (conversation: string | null, state: ConversationState) => void;
};

export function createConversationStates(): ConversationStates {
  const known = new Map<string, ConversationState>();
  return {
    of: (conversation) => (conversation === null ? undefined : known.get(conversation)) ?? noTurns,
    keep: (conversation, state) => {
      if (conversation === null || state === noTurns) return;
      // Deleting first moves it to the end, so that the map's order is the order of use.
      known.delete(conversation);
      known.set(conversation, state);
      const oldest = known.keys().next();
      if (known.size > conversationsMax && !oldest.done) known.delete(oldest.value);
    },
  };
}
