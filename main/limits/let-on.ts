/**
 * Conversations that somebody has let on past their limits, for an hour or for good. Plain data, bounded, kept by the caller between starts.
 * Letting on is a person's decision about one conversation: it lifts the context limit, the call ceiling and the budgets for it, and what it spends
 * still counts in every budget.
 */

/** Conversation → the instant at which it ends; null for good. */
export type LetOnState = Readonly<Record<string, number | null>>;

export type LetOn = {
  readonly allow: (conversation: string, untilMs: number | null) => void;
  readonly revoke: (conversation: string) => void;
  readonly isLetOn: (conversation: string | null, nowMs: number) => boolean;
  /** Until when; `untilMs` null is for good. Null where it is not let on. */
  readonly of: (conversation: string, nowMs: number) => { readonly untilMs: number | null } | null;
  /** Without those that are over. */
  readonly snapshot: (nowMs: number) => LetOnState;
};

const conversationsMax = 1_000;

export function createLetOn(start: LetOnState = {}): LetOn {
  const known = new Map(Object.entries(start).slice(-conversationsMax));
  function of(conversation: string, nowMs: number): { readonly untilMs: number | null } | null {
    const untilMs = known.get(conversation);
    return untilMs !== undefined && (untilMs === null || nowMs < untilMs) ? { untilMs } : null;
  }

  return {
    allow: (conversation, untilMs) => {
      known.delete(conversation);
      known.set(conversation, untilMs);
      const oldest = known.keys().next();
      if (known.size > conversationsMax && !oldest.done) known.delete(oldest.value);
    },
    revoke: (conversation) => void known.delete(conversation),
    isLetOn: (conversation, nowMs) => conversation !== null && of(conversation, nowMs) !== null,
    of,
    snapshot: (nowMs) => Object.fromEntries([...known].filter(([, untilMs]) => untilMs === null || nowMs < untilMs)),
  };
}
