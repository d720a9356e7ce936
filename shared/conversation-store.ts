/**
 * The conversations that the index knows (shared/conversation-index.ts says by which rules it finds them): their current turn, and which prompt was
 * whose at which turn. Hashes only; bounded, the least recently used go. It decides nothing.
 */
import { createTailIndex } from './conversation-tails.ts';
import type { PromptChain } from './prompt-chain.ts';

export type KnownConversation = {
  readonly id: string;
  readonly scope: string;
  readonly parent: string | null;
  readonly parentTurn: number | null;
  turn: number;
  state: 'open' | 'answered' | 'unanswered';
  tail: string;
  length: number;
  system: string;
  tools: string;
  hasTools: boolean;
  /** Others came after it: it is no more, whoever still points to it. */
  isForgotten: boolean;
};

/** A conversation as it was at one of its turns. */
export type PastTurn = { readonly conversation: KnownConversation; readonly turn: number };

export type ConversationBounds = { readonly conversationsMax: number; readonly tailsMax: number };

export type ConversationStore = ReturnType<typeof createConversationStore>;

/** From here on the shared messages hold an answer, which two conversations with different system prompts do not share by chance. */
const distinctiveLength = 2;

export function createConversationStore(bounds: ConversationBounds) {
  const known = new Map<string, KnownConversation>();
  const tails = createTailIndex<KnownConversation>(bounds.tailsMax);
  /** The number of the next one with the same beginning. */
  const twins = new Map<string, number>();
  const keyOf = (scope: string, id: string) => `${scope}\n${id}`;
  const find = (scope: string, id: string) => known.get(keyOf(scope, id));

  /** Whose prompt the first `length` messages of a chain were, and at which turn. */
  function turnsAt(chain: PromptChain, scope: string, length: number): readonly PastTurn[] {
    return pastAt(chain, scope, length).filter(({ conversation }) => !conversation.isForgotten);
  }

  /** Those that are forgotten among them, and not copied: to be read before anything is remembered. */
  function pastAt(chain: PromptChain, scope: string, length: number): readonly PastTurn[] {
    return tails.at(keyOf(scope, chain.links[length - 1] ?? ''));
  }

  /** What of the prompt was a turn before: the longest first, and of equals the current turn of the one that has waited longest. */
  function extended(
    chain: PromptChain,
    scope: string,
    accepts: (candidate: KnownConversation) => boolean = () => true,
  ): PastTurn | null {
    for (let length = chain.links.length - 1; length > 0; length--) {
      const found = turnsAt(chain, scope, length).filter(({ conversation }) => accepts(conversation));
      const sameSystem = found.filter(({ conversation }) => conversation.system === chain.system);
      const pool = sameSystem.length === 0 && length >= distinctiveLength ? found : sameSystem;
      const current = pool.filter(isCurrentTurn);
      const best = current.find(({ conversation }) => conversation.state !== 'open') ?? current[0] ?? pool.at(-1);
      if (best) return best;
    }
    return null;
  }

  /**
   * The same name for the same beginning, over restarts too; a second one of it gets a number. Counted up, since a client that asks the same thing all day
   * has thousands of them.
   */
  function freeName(scope: string, base: string): string {
    if (!find(scope, base)) return base;
    const key = keyOf(scope, base);
    let number = twins.get(key) ?? 2;
    while (find(scope, `${base}_${number}`)) number++;
    twins.delete(key);
    twins.set(key, number + 1);
    const oldest = twins.keys().next();
    if (twins.size > bounds.conversationsMax && !oldest.done) twins.delete(oldest.value);
    return `${base}_${number}`;
  }

  /** The prompt becomes the current turn of its conversation. */
  function remember(conversation: KnownConversation, chain: PromptChain): void {
    const { scope, id, turn } = conversation;
    conversation.state = 'open';
    conversation.tail = chain.links.at(-1) ?? '';
    conversation.length = chain.links.length;
    conversation.system = chain.system;
    conversation.tools = chain.tools;
    conversation.hasTools = chain.hasTools;
    tails.add(keyOf(scope, conversation.tail), { conversation, turn });
    const newest = chain.messages.at(-1) ?? '';
    if (newest !== '') tails.addNewest(keyOf(scope, newest), id);
    // Deleting first moves it to the end, so that the map's order is the order of use.
    known.delete(keyOf(scope, id));
    known.set(keyOf(scope, id), conversation);
    const oldest = known.entries().next();
    if (known.size <= bounds.conversationsMax || oldest.done) return;
    const [name, forgotten] = oldest.value;
    forgotten.isForgotten = true;
    known.delete(name);
  }

  return {
    find,
    freeName,
    pastAt,
    extended,
    remember,
    /** The conversation that had this message as its newest. */
    hadAsNewest: (scope: string, message: string) => {
      const id = message === '' ? null : tails.newestOf(keyOf(scope, message));
      return id === null ? undefined : find(scope, id);
    },
    size: () => ({ conversations: known.size, tails: tails.size() }),
  };
}

export function isCurrentTurn({ conversation, turn }: PastTurn): boolean {
  return conversation.turn === turn;
}
