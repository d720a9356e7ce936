/**
 * Conversations: the calls that extend one another's prompt, as the context gauge shows them. Pure state over settled calls; bounded.
 * The context of a conversation is what its last complete turn had the model read, and what it answered.
 */
import type { CallRow } from '../../shared/contract/api.ts';
import type { Conversation, ConversationSeen } from '../../shared/contract/events.ts';
import { promptTokens } from '../../shared/usage.ts';

/** Conversations kept in memory; the least recently active go first. */
const conversationsMax = 200;

/** What its calls tell of a conversation; growth is against the turn before. */
export type ToldConversation = Omit<Conversation, keyof ConversationSeen> & Pick<Conversation, 'growthTokens'>;

export type Conversations = {
  readonly add: (call: CallRow) => void;
  /** Most recently active first. */
  readonly latest: (count: number) => ToldConversation[];
};

export function createConversations(): Conversations {
  const known = new Map<string, ToldConversation>();
  return {
    add: (call) => {
      if (call.conversation === null || !hasContext(call)) return;
      const next = extend(known.get(call.conversation), call, call.conversation);
      // Deleting first moves it to the end, so that the map's order is the order of activity.
      known.delete(call.conversation);
      known.set(call.conversation, next);
      const oldest = known.keys().next();
      if (known.size > conversationsMax && !oldest.done) known.delete(oldest.value);
    },
    latest: (count) => [...known.values()].toReversed().slice(0, count),
  };
}

/** Failed and refused calls, and those cut before any usage, say nothing about the context. */
function hasContext(call: CallRow): boolean {
  return promptTokens(call) > 0;
}

function extend(before: ToldConversation | undefined, call: CallRow, id: string): ToldConversation {
  const contextTokens = promptTokens(call) + call.outputTokens;
  return {
    id,
    member: call.member,
    project: call.project,
    client: call.client,
    model: call.model ?? call.requestedModel,
    turns: (before?.turns ?? 0) + 1,
    contextTokens,
    cacheReadTokens: call.cacheReadTokens,
    cacheWriteTokens: call.cacheWrite5mTokens + call.cacheWrite1hTokens,
    inputTokens: call.inputTokens + call.outputTokens,
    growthTokens: before ? contextTokens - before.contextTokens : null,
    costNanoUsd: (before?.costNanoUsd ?? 0) + (call.costNanoUsd ?? 0),
    unpricedCalls: (before?.unpricedCalls ?? 0) + (call.costNanoUsd === null ? 1 : 0),
    lastAtMs: call.endedAtMs ?? call.startedAtMs,
  };
}
