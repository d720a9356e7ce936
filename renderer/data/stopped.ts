/** Which conversations stand still because a limit stopped their last call, and which stopped calls have no card to be shown on. Pure. */
import type { Conversation } from '../../shared/contract/events.ts';
import type { RefusalCause, RefusedCall } from '../../shared/contract/limits-view.ts';

const causes: Readonly<Record<RefusalCause, { readonly over: string; readonly remedy: string }>> = {
  context_limit: {
    over: 'over the context limit',
    remedy: 'Compact it, or begin a new one with what matters.',
  },
  call_ceiling: {
    over: 'over the call ceiling',
    remedy: 'Ask for less at once, use a smaller model or raise the ceiling.',
  },
  budget: {
    over: 'over a budget',
    remedy: 'Raise the budget, or wait for its reset.',
  },
};

export function overWhat(cause: RefusalCause): string {
  return causes[cause].over;
}

export function remedyOf(cause: RefusalCause): string {
  return causes[cause].remedy;
}

type Standing = Pick<Conversation, 'id' | 'lastAtMs' | 'letOn'>;

/** The refusal that a conversation stands at: its newest, unless a turn came through since, or somebody has let it on. */
export function stoppedAt({ id, lastAtMs, letOn }: Standing, refused: readonly RefusedCall[]): RefusedCall | null {
  if (letOn !== null) return null;
  return refused.find(({ conversation, atMs }) => conversation === id && atMs >= lastAtMs) ?? null;
}

export type StoppedGroup = { readonly newest: RefusedCall; readonly calls: number };

/**
 * Stopped calls of conversations without a card, one entry a conversation; a call without one is an entry of its own. Newest first, as given. What has
 * gone on since is no longer stopped. `shown`: the conversations that have a card.
 */
export function stoppedElsewhere(
  refused: readonly RefusedCall[],
  known: readonly Standing[],
  shown: readonly string[],
): StoppedGroup[] {
  const groups = new Map<string, StoppedGroup>();
  for (const call of refused) {
    const conversation = known.find(({ id }) => id === call.conversation);
    if (conversation && (shown.includes(conversation.id) || stoppedAt(conversation, refused) === null)) continue;
    const key = call.conversation ?? call.id;
    const group = groups.get(key);
    groups.set(key, group ? { ...group, calls: group.calls + 1 } : { newest: call, calls: 1 });
  }
  return [...groups.values()];
}
