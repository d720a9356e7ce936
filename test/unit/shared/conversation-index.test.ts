/** Where a request belongs: sessions, agents, loops, forks, retries and compactions, each as a client makes them. */
import { describe, expect, it } from 'vitest';

import { hashText } from '../../../main/system/hash-text.ts';
import { createConversationIndex, type Caller, type ConversationIndex } from '../../../shared/conversation-index.ts';
import { promptChain } from '../../../shared/prompt-chain.ts';

const plain: Caller = {
  scope: 'alice',
  session: null,
  agent: null,
  parentAgent: null,
  parentSession: null,
  isRetry: false,
};
const retry: Caller = { ...plain, isRetry: true };
const inSession: Caller = { ...plain, session: 's1' };
const tools = [{ name: 'read', input_schema: {} }];

/** A list of texts in turn from the user and the assistant, the user first. */
const prompt = (texts: readonly string[], more: object = {}) => {
  const messages = texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
  const chain = promptChain({ system: 'Be kind.', messages, ...more }, hashText);
  if (!chain) throw new Error('no messages');
  return chain;
};

function ask(index: ConversationIndex, texts: readonly string[], caller = plain, more: object = {}) {
  const placement = index.place(prompt(texts, more), caller);
  index.end(caller, placement, true);
  return placement;
}

describe('without a session', () => {
  it('a loop is one conversation, and a repeated prompt is another', () => {
    const index = createConversationIndex(hashText);
    const first = ask(index, ['a']);
    expect(first).toMatchObject({ kind: 'begins', turn: 1, parent: null });
    expect(ask(index, ['a', 'b', 'c'])).toMatchObject({ kind: 'continues', turn: 2, conversation: first.conversation });
    expect(ask(index, ['a', 'b', 'c', 'd', 'e'])).toMatchObject({ turn: 3, conversation: first.conversation });
    const second = ask(index, ['a']);
    expect(second).toMatchObject({ kind: 'begins', turn: 1, parent: null });
    expect(second.conversation).not.toBe(first.conversation);
  });

  it('an edit of the last message is a fork of the turn before, and an earlier one of the turn it leaves', () => {
    const index = createConversationIndex(hashText);
    const root = ask(index, ['a']);
    ask(index, ['a', 'b', 'c']);
    ask(index, ['a', 'b', 'c', 'd', 'e']);
    const edited = ask(index, ['a', 'b', 'c', 'd', 'E']);
    expect(edited).toMatchObject({ kind: 'forks', parent: root.conversation, parentTurn: 2, turn: 3 });
    expect(ask(index, ['a', 'b', 'C'])).toMatchObject({
      kind: 'forks',
      parent: root.conversation,
      parentTurn: 1,
      turn: 2,
    });
    const goesOn = ask(index, ['a', 'b', 'c', 'd', 'E', 'f', 'g']);
    expect(goesOn).toMatchObject({ kind: 'continues', conversation: edited.conversation, turn: 4 });
    expect(ask(index, ['a', 'b', 'c', 'd', 'e', 'f', 'g']).conversation).toBe(root.conversation);
  });

  it('the same request again is a retry where the client says so or the turn had no answer, else a fork', () => {
    const index = createConversationIndex(hashText);
    const root = ask(index, ['a']);
    const second = index.place(prompt(['a', 'b', 'c']), plain);
    index.end(plain, second, false);
    expect(ask(index, ['a', 'b', 'c'])).toMatchObject({ kind: 'retries', turn: 2, conversation: root.conversation });
    expect(ask(index, ['a', 'b', 'c'], retry)).toMatchObject({ kind: 'retries', turn: 2 });
    expect(ask(index, ['a', 'b', 'c'])).toMatchObject({ kind: 'forks', parent: root.conversation, parentTurn: 1 });
  });

  it('the end of an older turn does not close a newer one', () => {
    const index = createConversationIndex(hashText);
    const first = index.place(prompt(['a']), plain);
    const second = index.place(prompt(['a', 'b', 'c']), plain);
    index.end(plain, second, true);
    index.end(plain, first, false);
    expect(index.place(prompt(['a', 'b', 'c']), plain).kind).toBe('forks');
  });

  it('of two that begin alike the one that was answered goes on first', () => {
    const index = createConversationIndex(hashText);
    const slow = index.place(prompt(['a']), plain);
    const quick = ask(index, ['a']);
    expect(ask(index, ['a', 'x', 'y']).conversation).toBe(quick.conversation);
    expect(ask(index, ['a', 'b', 'c']).conversation).toBe(slow.conversation);
  });

  it('says what changed: tools and the system prompt, without losing the conversation', () => {
    const index = createConversationIndex(hashText);
    const { conversation } = ask(index, ['a']);
    const changedTools = ask(index, ['a', 'b', 'c'], plain, { tools });
    expect(changedTools).toMatchObject({ conversation, changed: { tools: true, system: false, history: false } });
    const changedSystem = ask(index, ['a', 'b', 'c', 'd', 'e'], plain, { tools, system: 'Be terse.' });
    expect(changedSystem).toMatchObject({ conversation, changed: { tools: false, system: true, history: false } });
  });

  it('two that begin alike with different system prompts stay two', () => {
    const index = createConversationIndex(hashText);
    const kind = ask(index, ['a']);
    const terse = ask(index, ['a'], plain, { system: 'Be terse.' });
    expect(terse.conversation).not.toBe(kind.conversation);
    expect(ask(index, ['a', 'x', 'y'], plain, { system: 'Be terse.' }).conversation).toBe(terse.conversation);
    expect(ask(index, ['a', 'b', 'c']).conversation).toBe(kind.conversation);
  });

  it('a compaction that keeps its newest messages names the old conversation as its parent; a bare summary is new', () => {
    const index = createConversationIndex(hashText);
    const long = 'The harbour master wrote '.repeat(20);
    const old = ask(index, ['a', 'b', long]);
    const compacted = ask(index, ['Summary: they spoke.', 'I see.', long, 'd', 'e']);
    expect(compacted).toMatchObject({ kind: 'compacts', parent: old.conversation, turn: 1 });
    expect(ask(index, ['Summary: they spoke again.'])).toMatchObject({ kind: 'begins', parent: null });
    const short = ask(index, ['p', 'q', 'yes']);
    expect(ask(index, ['other', 'x', 'yes', 'y', 'z']).parent).not.toBe(short.conversation);
  });

  it('never compares the prompts of two callers', () => {
    const index = createConversationIndex(hashText);
    const alice = ask(index, ['a']);
    const bob = ask(index, ['a', 'b', 'c'], { ...plain, scope: 'bob' });
    expect(bob).toMatchObject({ kind: 'begins', parent: null });
    expect(bob.conversation).not.toBe(alice.conversation);
  });

  it('knows a conversation by the same name after a restart', () => {
    const before = ask(createConversationIndex(hashText), ['a']);
    const after = ask(createConversationIndex(hashText), ['a', 'b', 'c']);
    expect(after.conversation).toBe(before.conversation);
  });
});

describe('with a session', () => {
  it('the session is the conversation, an agent is one of its own with its parent named', () => {
    const index = createConversationIndex(hashText);
    expect(ask(index, ['a'], inSession)).toMatchObject({ kind: 'begins', conversation: 's1', parent: null });
    expect(ask(index, ['task'], { ...inSession, agent: 'x' })).toMatchObject({ conversation: 's1/x', parent: 's1' });
    const nested = ask(index, ['task'], { ...inSession, agent: 'y', parentAgent: 'x' });
    expect(nested).toMatchObject({ conversation: 's1/y', parent: 's1/x', turn: 1 });
    expect(ask(index, ['a', 'b', 'c'], inSession)).toMatchObject({ kind: 'continues', conversation: 's1', turn: 2 });
    expect(ask(index, ['task', 'b', 'c'], { ...inSession, agent: 'x' })).toMatchObject({
      conversation: 's1/x',
      turn: 2,
    });
  });

  it('that another session started is one of its own with that one as parent, and no session is its own parent', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['a'], inSession);
    const started = { ...inSession, session: 's2', parentSession: 's1' };
    expect(ask(index, ['task'], started)).toMatchObject({ kind: 'begins', conversation: 's2', parent: 's1' });
    expect(ask(index, ['task', 'b', 'c'], started)).toMatchObject({ conversation: 's2', parent: 's1', turn: 2 });
    const own = { ...inSession, session: 's3', parentSession: 's3' };
    expect(ask(index, ['else'], own)).toMatchObject({ conversation: 's3', parent: null });
  });

  it('that an older client names keeps its side tasks apart, each with the session as parent', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['a'], inSession, { tools });
    const title = ask(index, ['Write a title'], inSession, { system: 'You write titles.' });
    expect(title).toMatchObject({ kind: 'begins', parent: 's1', turn: 1 });
    expect(title.conversation).not.toBe('s1');
    const subagent = ask(index, ['Search for it'], inSession, { system: 'You search.', tools });
    expect(subagent.parent).toBe('s1');
    const next = ask(index, ['Search for it', 'x', 'y'], inSession, { system: 'You search.', tools });
    expect(next).toMatchObject({ kind: 'continues', conversation: subagent.conversation, turn: 2 });
    expect(ask(index, ['a', 'b', 'c'], inSession, { tools })).toMatchObject({ conversation: 's1', turn: 2 });
  });

  it('whose title was asked for first is still the one with the tools', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['Write a title'], inSession, { system: 'You write titles.' });
    expect(ask(index, ['a'], inSession, { tools })).toMatchObject({ conversation: 's1', parent: null });
    expect(ask(index, ['Write a title'], inSession, { system: 'You write titles.' }).parent).toBe('s1');
  });

  it('stays the same when it compacts itself or goes back, and says that its history changed', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['a'], inSession);
    ask(index, ['a', 'b', 'c'], inSession);
    ask(index, ['a', 'b', 'c', 'd', 'e'], inSession);
    const back = ask(index, ['a', 'b', 'C'], inSession);
    expect(back).toMatchObject({ kind: 'continues', conversation: 's1', turn: 4, changed: { history: true } });
    const compacted = ask(index, ['Summary'], inSession);
    expect(compacted).toMatchObject({ kind: 'compacts', conversation: 's1', turn: 5, changed: { history: true } });
  });

  it('counts a turn once that is sent again after it failed', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['a'], inSession);
    const failed = index.place(prompt(['a', 'b', 'c']), inSession);
    index.end(inSession, failed, false);
    expect(ask(index, ['a', 'b', 'c'], inSession)).toMatchObject({ kind: 'retries', conversation: 's1', turn: 2 });
    expect(ask(index, ['a', 'b', 'c', 'd', 'e'], inSession)).toMatchObject({ kind: 'continues', turn: 3 });
  });

  it('that resumes another forks from it', () => {
    const index = createConversationIndex(hashText);
    ask(index, ['a'], inSession);
    ask(index, ['a', 'b', 'c'], inSession);
    const resumed = ask(index, ['a', 'b', 'c', 'd', 'e'], { ...inSession, session: 's2' });
    expect(resumed).toMatchObject({ kind: 'forks', conversation: 's2', parent: 's1', parentTurn: 2 });
  });
});

describe('the index', () => {
  it('is bounded, and forgets the least recently used first', () => {
    const index = createConversationIndex(hashText, { conversationsMax: 10, tailsMax: 40 });
    const kept = ask(index, ['kept']);
    const texts = ['kept'];
    for (let number = 0; number < 200; number++) {
      ask(index, [`other ${number}`]);
      texts.push('b', `c ${number}`);
      expect(ask(index, texts).conversation).toBe(kept.conversation);
    }
    expect(index.size()).toEqual({ conversations: 10, tails: 40 });
    expect(ask(index, ['other 0', 'b', 'c'])).toMatchObject({ kind: 'begins' });
  });
});
