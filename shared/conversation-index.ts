/**
 * Which conversation a request belongs to. A state machine in memory over hashes alone (shared/prompt-chain.ts); bounded, the least recently used go.
 *
 * A conversation has a current turn, which is `open` from the request until its end, then `answered` or `unanswered`. Of every turn the last link is
 * remembered as its tail. A request is placed by the first rule that holds:
 *
 * With a session (Claude Code and clients that name one), the session is the conversation, an agent in it one of its own with its parent:
 *   - it extends a turn of the session's conversations: `continues` that one (a turn that is not the current one: the history was rewound);
 *   - else, with the system prompt of the session: the history was written anew; `compacts` where it became shorter, else `continues`;
 *   - else it is a task beside the main one (a title, a subagent of an older client): `begins`, with the session as parent.
 *   - A session never seen: `forks` where it extends a turn of another conversation (a resumed session), else `begins`, with the session that started it
 *     as parent where the client names one.
 * Without one, by the prompt:
 *   - the very prompt of a current turn: `retries` when the client marks it so or the turn was not answered. Otherwise somebody asks the same anew:
 *     a second conversation at turn 1, a fork of the turn before later on;
 *   - it extends the current turn of a conversation: `continues`; an earlier turn: `forks` there;
 *   - a message that another conversation had as its newest stands near its end: `compacts` that one into a new one, which names it as its parent;
 *   - else it `begins`.
 *
 * Limits: two conversations that are alike to the letter can swap their first turns, as nothing tells them apart until they differ. A summary that
 * replaces everything is a new conversation without a parent. After a restart a conversation is known by its first message again, a fork as its root.
 */
import type { ClientSession } from './client-session.ts';
import {
  createConversationStore,
  isCurrentTurn,
  type ConversationBounds,
  type ConversationStore,
  type KnownConversation,
} from './conversation-store.ts';
import type { HashText, PromptChain } from './prompt-chain.ts';

export type PlacementKind = 'begins' | 'continues' | 'forks' | 'retries' | 'compacts';

export type Placement = {
  readonly kind: PlacementKind;
  readonly conversation: string;
  /** From 1 on; a fork counts on from its parent's. */
  readonly turn: number;
  readonly parent: string | null;
  /** The last turn of the parent that both share; null where the parent is no earlier state of this prompt. */
  readonly parentTurn: number | null;
  /** Against the turn before of the same conversation: why a cache hit may become a miss. */
  readonly changed: { readonly system: boolean; readonly tools: boolean; readonly history: boolean };
};

export type Caller = Omit<ClientSession, 'user'> & {
  /** Who calls (credential, member, project), hashed or plain: prompts are never compared across scopes. */
  readonly scope: string;
};

export type ConversationIndex = {
  readonly place: (chain: PromptChain, caller: Caller) => Placement;
  /** Once for every placement, however its call ended. Unanswered: refused, failed or cut, so that the same prompt again is a retry. */
  readonly end: (caller: Pick<Caller, 'scope'>, placement: Placement, isAnswered: boolean) => void;
  /** Conversations and tails held. */
  readonly size: () => { readonly conversations: number; readonly tails: number };
};

const defaultBounds: ConversationBounds = { conversationsMax: 2_000, tailsMax: 20_000 };

/** Messages from the end in which what a compaction kept is looked for. */
const keptMessagesMax = 8;
const unchanged = { system: false, tools: false, history: false };

export function createConversationIndex(hash: HashText, bounds = defaultBounds): ConversationIndex {
  const store = createConversationStore(bounds);
  return {
    place: (chain, caller) => {
      const { session, agent, parentAgent } = caller;
      if (session === null) return placeByPrompt(store, hash, chain, caller);
      if (agent === null) return placeInSession(store, hash, chain, caller, session);
      const parent = parentAgent === null ? session : `${session}/${parentAgent}`;
      return placeByName(store, chain, caller, `${session}/${agent}`, parent);
    },
    end: ({ scope }, { conversation, turn }, isAnswered) => {
      const ended = store.find(scope, conversation);
      if (ended?.turn === turn) ended.state = isAnswered ? 'answered' : 'unanswered';
    },
    size: store.size,
  };
}

function placeByPrompt(store: ConversationStore, hash: HashText, chain: PromptChain, caller: Caller): Placement {
  const { scope, isRetry } = caller;
  const [first = '', last = ''] = [chain.links[0], chain.links.at(-1)];
  const { again, hasSame } = samePrompt(store, chain, scope, isRetry);
  if (again) return goOn(store, chain, again, 'retries');
  const before = store.extended(chain, scope);
  if (before && isCurrentTurn(before)) return goOn(store, chain, before.conversation, 'continues');
  const nameOf = (link: string) =>
    store.freeName(scope, `prompt_${hash(`${scope} ${chain.system} ${link}`).slice(0, 20)}`);
  if (before) return fork(store, chain, scope, nameOf(last), before.conversation, before.turn);
  const kept = chain.messages.length > 1 && !hasSame ? chain.messages.slice(-keptMessagesMax) : [];
  const old = kept.map((message) => store.hadAsNewest(scope, message)).find((found) => found !== undefined);
  const origin = { kind: old ? 'compacts' : 'begins', parent: old?.id ?? null, parentTurn: null, turn: 1 } as const;
  return begin(store, chain, scope, nameOf(first), origin);
}

/** Whether a current turn has this very prompt, and the first of them that it sends again. In one pass: many may have it. */
function samePrompt(store: ConversationStore, chain: PromptChain, scope: string, isRetry: boolean) {
  let hasSame = false;
  for (const past of store.pastAt(chain, scope, chain.links.length)) {
    const { conversation } = past;
    // Most of them were answered, and one that is alike is as good as another.
    if (hasSame && !isRetry && conversation.state !== 'unanswered') continue;
    if (conversation.isForgotten || !isCurrentTurn(past) || conversation.system !== chain.system) continue;
    if (isSentAgain(conversation, chain, isRetry)) return { again: conversation, hasSame: true };
    hasSame = true;
  }
  return { again: null, hasSame };
}

/** An agent, or a task beside the main one: known by its name alone. */
function placeByName(
  store: ConversationStore,
  chain: PromptChain,
  caller: Caller,
  id: string,
  parent: string,
): Placement {
  const conversation = store.find(caller.scope, id);
  if (conversation) return goOn(store, chain, conversation, kindOf(conversation, chain, caller.isRetry));
  return begin(store, chain, caller.scope, id, { kind: 'begins', parent, parentTurn: null, turn: 1 });
}

function placeInSession(
  store: ConversationStore,
  hash: HashText,
  chain: PromptChain,
  caller: Caller,
  session: string,
): Placement {
  const { scope, isRetry } = caller;
  const main = store.find(scope, session);
  if (!main) {
    const before = store.extended(chain, scope);
    if (before) return fork(store, chain, scope, session, before.conversation, before.turn);
    const parent = caller.parentSession === session ? null : caller.parentSession;
    return begin(store, chain, scope, session, { kind: 'begins', parent, parentTurn: null, turn: 1 });
  }
  // A title is asked for without tools, and sometimes before the conversation itself.
  if (chain.system === main.system || (chain.hasTools && !main.hasTools)) {
    const kind = kindOf(main, chain, isRetry);
    // Shorter than the last turn, and still the beginning of an earlier one: the user went back, nothing was summed up.
    const isRewound = kind === 'compacts' && store.extended(chain, scope, ({ id }) => id === session) !== null;
    return goOn(store, chain, main, isRewound ? 'continues' : kind);
  }
  const task = `${session}/${hash(`${chain.system} ${chain.links[0]}`).slice(0, 12)}`;
  const isChanged = !store.find(scope, task) && store.extended(chain, scope, ({ id }) => id === session) !== null;
  return isChanged ? goOn(store, chain, main, 'continues') : placeByName(store, chain, caller, task, session);
}

function kindOf(conversation: KnownConversation, chain: PromptChain, isRetry: boolean) {
  if (isSentAgain(conversation, chain, isRetry)) return 'retries';
  return chain.links.length < conversation.length ? 'compacts' : 'continues';
}

function isSentAgain(conversation: KnownConversation, chain: PromptChain, isRetry: boolean): boolean {
  const isSamePrompt = conversation.tail === chain.links.at(-1) && conversation.system === chain.system;
  return isSamePrompt && (isRetry || conversation.state === 'unanswered');
}

type Origin = Pick<Placement, 'kind' | 'parent' | 'parentTurn' | 'turn'>;

function begin(store: ConversationStore, chain: PromptChain, scope: string, id: string, origin: Origin): Placement {
  const { kind, parent, parentTurn, turn } = origin;
  const nothing = {
    state: 'open',
    tail: '',
    length: 0,
    system: '',
    tools: '',
    hasTools: false,
    isForgotten: false,
  } as const;
  store.remember({ id, scope, parent, parentTurn, turn, ...nothing }, chain);
  return { kind, conversation: id, turn, parent, parentTurn, changed: unchanged };
}

function fork(
  store: ConversationStore,
  chain: PromptChain,
  scope: string,
  id: string,
  from: KnownConversation,
  turn: number,
): Placement {
  return begin(store, chain, scope, id, { kind: 'forks', parent: from.id, parentTurn: turn, turn: turn + 1 });
}

function goOn(
  store: ConversationStore,
  chain: PromptChain,
  conversation: KnownConversation,
  kind: 'continues' | 'compacts' | 'retries',
): Placement {
  const changed = {
    system: conversation.system !== chain.system,
    tools: conversation.tools !== chain.tools,
    history: chain.links[conversation.length - 1] !== conversation.tail,
  };
  if (kind !== 'retries') conversation.turn++;
  store.remember(conversation, chain);
  const { id, turn, parent, parentTurn } = conversation;
  return { kind, conversation: id, turn, parent, parentTurn, changed };
}
