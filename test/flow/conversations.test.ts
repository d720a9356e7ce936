/** Conversations as the screens see them, of any client: which calls are one, what it holds and costs, what its cache does, and what is warned of. */
import Anthropic from '@anthropic-ai/sdk';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import type { Conversation } from '../../shared/contract/events.ts';
import { readParents } from '../../main/ledger/conversation-parents.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { readWarnings } from '../../main/ledger/warnings.ts';
import { model, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';

let far: LimitedEngine;
afterEach(() => far.close());

type Message = { role: 'user' | 'assistant'; content: string };
const mark = { cache_control: { type: 'ephemeral' as const } };

/** One turn of a plain loop: the list grows by what is asked and what is answered. */
async function turn(client: Anthropic, messages: Message[], text: string, headers: Record<string, string> = {}) {
  messages.push({ role: 'user', content: text });
  const newest = messages.length - 1;
  const { data, response } = await client.messages
    .create(
      {
        model,
        max_tokens: 300,
        system: [{ type: 'text', text: textOf(2_000, 'careful'), ...mark }],
        messages: messages.map(({ role, content }, index) => ({
          role,
          content: [{ type: 'text' as const, text: content, ...(index === newest ? mark : {}) }],
        })),
      },
      { headers },
    )
    .withResponse();
  messages.push({
    role: 'assistant',
    content: data.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
  });
  return response;
}

/** As soon as they have so many turns together. */
const conversations = async (turns: number) => (await far.live(turns)).conversations;
const turnsOf = (list: readonly Conversation[]) => list.map(({ turns }) => turns).toSorted((a, b) => a - b);

describe('a loop of an SDK', () => {
  it('is one conversation; two at once with the same beginning are two; a branch is a fork that names its parent', async () => {
    far = await startLimitedEngine();
    const client = far.client('/@alice/webshop');
    const first: Message[] = [];
    const second: Message[] = [];
    await Promise.all([turn(client, first, 'look at the cart'), turn(client, second, 'look at the cart')]);
    for (const step of ['go on', 'and now']) {
      await turn(client, first, `first: ${step}`);
      await turn(client, second, `second: ${step}`);
    }
    expect(turnsOf(await conversations(6))).toEqual([3, 3]);

    const branch = first.slice(0, 2);
    await turn(client, branch, 'something else');
    const all = await conversations(7);
    expect(turnsOf(all)).toEqual([1, 3, 3]);
    const fork = all.find(({ turns }) => turns === 1);
    expect(all.map(({ id }) => id)).toContain(fork?.parent);
  });

  it('is the session of Claude Code, and its subagent is one of its own with its parent', async () => {
    far = await startLimitedEngine();
    const client = far.client('/@alice/webshop');
    const session = { 'x-claude-code-session-id': 's1' };
    await turn(client, [], 'find the bug', session);
    await turn(client, [], 'search the tests', { ...session, 'x-claude-code-agent-id': 'a1' });
    expect(await conversations(2)).toMatchObject([
      { id: 's1/a1', parent: 's1' },
      { id: 's1', parent: null },
    ]);
  });

  it('is the session of OpenCode, and a subagent’s session is one of its own with its parent', async () => {
    far = await startLimitedEngine();
    const client = far.client('/@alice/webshop');
    const session = (id: string) => ({ 'x-session-affinity': id, 'x-session-id': id });
    const messages: Message[] = [];
    await turn(client, messages, 'find the bug', session('ses_1'));
    await turn(client, [], 'search the tests', { ...session('ses_2'), 'x-parent-session-id': 'ses_1' });
    await turn(client, messages, 'and now', session('ses_1'));
    expect(await conversations(3)).toMatchObject([
      { id: 'ses_1', parent: null, turns: 2 },
      { id: 'ses_2', parent: 'ses_1', turns: 1 },
    ]);
  });

  it('has its parent in the ledger as soon as its first call asks, refused or not, for whoever reads it and after a kill', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const client = far.client('/@alice/webshop');
    const headersOf = (agent: string) => ({ 'x-claude-code-session-id': 's1', 'x-claude-code-agent-id': agent });
    await turn(client, [], 'search the tests', headersOf('a1'));
    await refusalOf(turn(client, [], textOf(9_000), headersOf('a2')));
    const rows = await far.engine.settled(2);
    for (const { id } of rows) expect(await far.engine.call(id)).toMatchObject({ conversationParent: 's1' });

    // As a kill leaves the file: what the engine keeps only at its end is not in it.
    const file = join(far.engine.home, ledgerFileName);
    const db = openLedgerFile(file, 'read');
    expect(readParents(db, 10)).toEqual(['a1', 'a2'].map((agent) => ({ conversation: `s1/${agent}`, parent: 's1' })));
    db.close();

    await far.engine.restart();
    expect(await conversations(1)).toMatchObject([{ id: 's1/a1', parent: 's1' }]);
    await turn(far.client('/@alice/webshop'), [], 'search the tests', headersOf('a1'));
    expect(await conversations(2)).toMatchObject([{ id: 's1/a1', parent: 's1' }]);
  });
});

describe('a conversation of sixty turns whose cache expires twice', () => {
  it(
    'is shown with its context, growth, cost, cache and next turn, and warned of once each',
    { timeout: 60_000 },
    async () => {
      far = await startLimitedEngine({ limits: { contextLimitTokens: 60_000, callCeilingUsd: 10 } });
      const client = far.client('/@alice/webshop');
      const messages: Message[] = [];
      const headers: (string | null)[] = [];
      for (let index = 0; index < 60; index++) {
        far.clock.putAhead(index === 20 || index === 40 ? 7 * 60_000 : 20_000);
        const response = await turn(client, messages, textOf(600, `step ${index}`));
        headers.push(response.headers.get('x-tollkeeper-warning'));
      }
      const rows = await far.engine.settled(60);
      const [seen] = await conversations(60);
      expect(await conversations(60)).toHaveLength(1);

      const newest = rows.toSorted((a, b) => b.startedAtMs - a.startedAtMs)[0];
      const contextTokens =
        (newest?.inputTokens ?? 0) +
        (newest?.cacheReadTokens ?? 0) +
        (newest?.cacheWrite5mTokens ?? 0) +
        (newest?.outputTokens ?? 0);
      expect(seen).toMatchObject({
        turns: 60,
        contextTokens,
        limitTokens: 60_000,
        windowTokens: 1_000_000,
        costNanoUsd: rows.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0),
        unpricedCalls: 0,
        letOn: null,
      });
      expect(seen?.growthTokens).toBeGreaterThan(500);
      expect(seen?.cache).toMatchObject({ lifetime: '5m', expiresAtMs: (newest?.startedAtMs ?? 0) + 300_000 });
      expect(seen?.cache.readShare).toBeGreaterThan(0.9);
      expect(seen?.nextTurn.costAfterExpiryNanoUsd).toBeGreaterThan((seen?.nextTurn.costNanoUsd ?? 0) * 3);

      const causes = seen?.warnings.map(({ cause }) => cause) ?? [];
      expect(causes).toEqual([...new Set(causes)]);
      expect(causes).toEqual(expect.arrayContaining(['cache_miss_expired', 'context_50', 'context_75']));
      const told = headers.filter((header) => header !== null).join(' ');
      for (const { sentence } of seen?.warnings.slice(0, -1) ?? []) expect(told.split(sentence)).toHaveLength(2);

      const watched = far.notices.join('\n');
      for (const { sentence, remedy } of seen?.warnings ?? [])
        expect(watched.split(`${sentence} ${remedy}`)).toHaveLength(2);

      const db = openLedgerFile(join(far.engine.home, ledgerFileName), 'read');
      expect(readWarnings(db, 0).map(({ conversation, cause }) => `${conversation} ${cause}`)).toEqual(
        causes.map((cause) => `${seen?.id} ${cause}`),
      );
      db.close();
      await far.engine.restart();
      expect((await conversations(1))[0]).toMatchObject({ warnings: seen?.warnings, cache: seen?.cache });
      expect(far.engine.verify().findings).toEqual([]);
    },
  );

  it('is not told in a header where that is switched off', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000, hasWarningHeader: false } });
    const response = await turn(far.client(), [], textOf(2_000));
    expect(response.headers.get('x-tollkeeper-warning')).toBeNull();
    expect((await conversations(1))[0]?.warnings.map(({ cause }) => cause)).toContain('context_75');
  });
});
