/**
 * Which conversation a message thread is. What was said before in a thread is with Anthropic alone: a request holds what is new and the id of the message
 * that it goes on from (facts/anthropic.md section 1), so the prompt tells nothing. Ids of answers, of threads only, in memory and bounded; a thread lives five
 * minutes, so a restart loses little.
 *
 * An answer that is gone on from once is the same conversation; each time after that is a fork of it. Going on counts when it was answered, so that a
 * request that is sent again is no fork.
 */

export type ThreadPlace = { readonly conversation: string; readonly parent: string | null };

export type ThreadAnswer = {
  /** Null where the thread was begun. */
  readonly previousMessageId: string | null;
  readonly messageId: string;
  readonly conversation: string;
};

export type Threads = {
  /** Null where nobody here has seen that answer. `scope`: who calls. */
  readonly place: (scope: string, previousMessageId: string) => ThreadPlace | null;
  readonly answered: (scope: string, answer: ThreadAnswer) => void;
};

type Known = { readonly conversation: string; continued: number };

const answersMax = 10_000;

export function createThreads(): Threads {
  const known = new Map<string, Known>();
  const keyOf = (scope: string, messageId: string) => `${scope}\n${messageId}`;
  return {
    place: (scope, previousMessageId) => {
      const before = known.get(keyOf(scope, previousMessageId));
      if (!before) return null;
      const { conversation, continued } = before;
      if (continued === 0) return { conversation, parent: null };
      const name = `thread_${previousMessageId}`;
      return { conversation: continued === 1 ? name : `${name}_${continued}`, parent: conversation };
    },
    answered: (scope, { previousMessageId, messageId, conversation }) => {
      const before = previousMessageId === null ? undefined : known.get(keyOf(scope, previousMessageId));
      if (before) before.continued += 1;
      known.set(keyOf(scope, messageId), { conversation, continued: 0 });
      const oldest = known.keys().next();
      if (known.size > answersMax && !oldest.done) known.delete(oldest.value);
    },
  };
}
