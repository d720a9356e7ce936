/** Remembers which conversation had which prompt at which turn, by hash, and which message was its newest. Bounded: the oldest go first. */

export type Tail<Conversation> = { readonly conversation: Conversation; readonly turn: number };

export type TailIndex<Conversation> = {
  readonly at: (key: string) => readonly Tail<Conversation>[];
  readonly add: (key: string, tail: Tail<Conversation>) => void;
  readonly newestOf: (key: string) => string | null;
  readonly addNewest: (key: string, conversation: string) => void;
  readonly size: () => number;
};

/** Conversations that are alike to the letter up to a turn; more of them than this are one to us. */
const tailsPerPrompt = 64;

export function createTailIndex<Conversation>(tailsMax: number): TailIndex<Conversation> {
  const tails = new Map<string, readonly Tail<Conversation>[]>();
  const newest = new Map<string, string>();
  return {
    at: (key) => tails.get(key) ?? [],
    add: (key, tail) => {
      const others = (tails.get(key) ?? []).filter(
        ({ conversation, turn }) => conversation !== tail.conversation || turn !== tail.turn,
      );
      put(tails, key, [...others, tail].slice(-tailsPerPrompt), tailsMax);
    },
    newestOf: (key) => newest.get(key) ?? null,
    addNewest: (key, conversation) => put(newest, key, conversation, tailsMax),
    size: () => tails.size,
  };
}

/** Deleting first moves it to the end, so that the map's order is the order of use. */
function put<Value>(map: Map<string, Value>, key: string, value: Value, sizeMax: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > sizeMax && !oldest.done) map.delete(oldest.value);
}
