/** Remembers which conversation had which prompt at which turn, by hash, and which message was its newest. Bounded: the oldest go first. */

export type Tail<Conversation> = { readonly conversation: Conversation; readonly turn: number };

export type TailIndex<Conversation> = {
  /** The newest last; to be read before the next `add`. */
  readonly at: (key: string) => readonly Tail<Conversation>[];
  readonly add: (key: string, tail: Tail<Conversation>) => void;
  readonly newestOf: (key: string) => string | null;
  readonly addNewest: (key: string, conversation: string) => void;
  readonly size: () => number;
};

/** Conversations that are alike to the letter up to a turn; every call with such a prompt looks through them, and more than this are one to us. */
const tailsPerPrompt = 16;

export function createTailIndex<Conversation>(tailsMax: number): TailIndex<Conversation> {
  const tails = new Map<string, Tail<Conversation>[]>();
  const newest = new Map<string, string>();
  return {
    at: (key) => tails.get(key) ?? [],
    add: (key, tail) => {
      // Changed in place: a prompt that is asked all day has its list full, and copying it would be most of what its call costs here.
      const list = tails.get(key) ?? [];
      const known = list.findIndex(
        ({ conversation, turn }) => conversation === tail.conversation && turn === tail.turn,
      );
      if (known !== -1) list.splice(known, 1);
      list.push(tail);
      if (list.length > tailsPerPrompt) list.shift();
      put(tails, key, list, tailsMax);
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
