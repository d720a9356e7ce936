/**
 * Where a call stands: which conversation it belongs to, and from its end on what the next ones are placed by. By the message that it goes on from where it
 * is a message thread's and that is known (threads.ts), else by its prompt and session (shared/conversation-index.ts).
 */
import type { BegunCall, CallOutcome } from '../../shared/call.ts';
import type { ClientSession } from '../../shared/client-session.ts';
import type { ConversationIndex, Placement } from '../../shared/conversation-index.ts';
import type { PromptChain } from '../../shared/prompt-chain.ts';
import { createThreads } from './threads.ts';

export type PlacedBy = {
  readonly chain: PromptChain | null;
  readonly session: ClientSession;
  /** Of a message thread; the id is null where it is begun. */
  readonly thread: { readonly previousMessageId: string | null } | null;
};

export type Place = {
  readonly scope: string;
  readonly conversation: string | null;
  readonly parent: string | null;
  /** Null where it was not placed by its prompt. */
  readonly placement: Placement | null;
  readonly thread: PlacedBy['thread'];
};

export type Places = {
  readonly find: (scope: string, by: PlacedBy) => Place;
  /** Once for each place that was found. */
  readonly end: (place: Place, outcome: Pick<CallOutcome, 'status' | 'messageId'>, call: BegunCall) => void;
};

export function createPlaces(index: ConversationIndex): Places {
  const threads = createThreads();
  return {
    find: (scope, { chain, session, thread }) => {
      const previousMessageId = thread?.previousMessageId ?? null;
      const known = previousMessageId === null ? null : threads.place(scope, previousMessageId);
      if (known) return { scope, ...known, placement: null, thread };
      const placement = chain ? index.place(chain, { scope, ...session }) : null;
      const conversation = placement?.conversation ?? nameOf(session);
      return { scope, conversation, parent: placement?.parent ?? null, placement, thread };
    },
    end: ({ scope, placement, thread }, { status, messageId }, { conversation }) => {
      const isAnswered = status === 'complete';
      if (placement) index.end({ scope }, placement, isAnswered);
      if (!thread || !isAnswered || messageId === null || conversation === null) return;
      threads.answered(scope, { ...thread, messageId, conversation });
    },
  };
}

/** Of a body that cannot be read, by its headers alone. */
function nameOf({ session, agent }: ClientSession): string | null {
  return session !== null && agent !== null ? `${session}/${agent}` : session;
}
