/**
 * The limits on the way of a call, against the sandbox's prompt cache, which counts and expires as Anthropic's does: a loop of sixty turns is one
 * conversation, its cost is expected closely, and its cache expires twice.
 */
import { describe, expect, it } from 'vitest';

import { hashText } from '../../../main/system/hash-text.ts';
import { createPromptCache } from '../../../main/sandbox/anthropic-cache.ts';
import { promptBlocks } from '../../../main/sandbox/anthropic-prompt.ts';
import { createConversationIndex } from '../../../shared/conversation-index.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { priceUsage } from '../../../shared/pricing/price.ts';
import { promptChain } from '../../../shared/prompt-chain.ts';
import { measurePrompt } from '../../../shared/prompt-measure.ts';
import { readUsage } from '../../../shared/usage.ts';
import { callAfter, callBefore, limitsWith, minuteMs, noon, opus, turnOf } from '../../kit/limit-calls.ts';

const words = (count: number, seed: number) =>
  Array.from({ length: count }, (_, index) => `word${(seed * 7 + index * 13) % 97}`).join(' ');
const mark = { cache_control: { type: 'ephemeral' } };
const pauses = new Map([
  [20, 7],
  [40, 12],
]);

type Message = { readonly role: string; readonly content: readonly { readonly type: string; readonly text: string }[] };

function requestOf(messages: readonly Message[]) {
  const newest = messages.at(-1);
  const marked = newest ? { ...newest, content: newest.content.map((block) => ({ ...block, ...mark })) } : newest;
  return {
    model: opus,
    max_tokens: 4_096,
    system: [{ type: 'text', text: words(900, 1), ...mark }],
    messages: [...messages.slice(0, -1), marked],
  };
}

/** Sixty turns of a loop, with what was expected before each and what it came to. */
function converse() {
  const limits = limitsWith({});
  const index = createConversationIndex(hashText);
  const cache = createPromptCache();
  const caller = { scope: 'alice', session: null, agent: null, parentAgent: null, parentSession: null, isRetry: false };
  const messages: Message[] = [];
  let nowMs = noon;
  return Array.from({ length: 60 }, (_, turn) => {
    nowMs += (pauses.get(turn) ?? 1) * minuteMs;
    messages.push({ role: 'user', content: [{ type: 'text', text: words(250, turn) }] });
    const request = requestOf(messages);
    const measure = measurePrompt(request);
    const chain = promptChain(request, hashText);
    if (!chain) throw new Error('no messages');
    const placement = index.place(chain, caller);
    const { conversation } = placement;
    const told = limits.economics(conversation, 'webshop', nowMs)?.nextTurn.costNanoUsd ?? null;
    const callId = `call_${turn}`;
    const before = limits.before(callBefore(callId, { conversation, measure, nowMs }));
    const use = cache.use('key', promptBlocks(request), nowMs);
    const usage = readUsage({
      input_tokens: use.inputTokens,
      cache_read_input_tokens: use.readTokens,
      cache_creation_input_tokens: use.write5mTokens,
      output_tokens: 400 + (turn % 5) * 40,
    });
    const priced = priceUsage({ model: opus, usage, stopReason: 'end_turn', atMs: nowMs }, currentBook);
    const costNanoUsd = priced.kind === 'priced' ? priced.costNanoUsd : 0;
    const tokensByRule = before.estimate?.tokensByRule ?? 0;
    const ended = turnOf(usage, { startedAtMs: nowMs, costNanoUsd, tokensByRule, changed: placement.changed });
    const after = limits.after(
      callAfter(callId, costNanoUsd, { conversation, turn: ended, measure, startedAtMs: nowMs }),
    );
    index.end(caller, placement, true);
    messages.push({ role: 'assistant', content: [{ type: 'text', text: words(200, turn + 500) }] });
    const promptTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWrite5mTokens;
    return { turn, placement, before, after, usage, costNanoUsd, promptTokens, told };
  });
}

describe('a loop of sixty turns', () => {
  const turns = converse();
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

  it('is one conversation that goes on turn by turn', () => {
    expect(new Set(turns.map(({ placement }) => placement.conversation)).size).toBe(1);
    expect(turns.map(({ placement }) => placement.turn)).toEqual(turns.map(({ turn }) => turn + 1));
    expect(turns.slice(1).every(({ placement }) => !placement.changed.history && !placement.changed.tools)).toBe(true);
  });

  it('is estimated within a hundredth from the second turn on, by what was told of the last', () => {
    const errors = turns
      .slice(1)
      .map(({ before, promptTokens }) => Math.abs((before.estimate?.tokens ?? 0) / promptTokens - 1));
    expect(turns[1]?.before.estimate?.restsOn).toBe('last_turn');
    expect(median(errors)).toBeLessThan(0.01);
  });

  it('costs about what was expected of each turn, in the gauge before it was written and in the reservation', () => {
    const later = turns.slice(5);
    const reserved = later.map(({ before, costNanoUsd }) =>
      Math.abs((before.expected?.nanoUsd ?? 0) / costNanoUsd - 1),
    );
    const gauge = later.map(({ told, costNanoUsd }) => Math.abs((told ?? 0) / costNanoUsd - 1));
    expect(median(reserved)).toBeLessThan(0.1);
    expect(median(gauge)).toBeLessThan(0.15);
    const expired = turns.filter(({ turn }) => pauses.has(turn));
    for (const { before, usage } of expired) {
      expect(usage.cacheReadTokens).toBe(0);
      expect(before.expected?.counts.cacheReadTokens).toBe(0);
    }
    for (const { before, usage } of later.filter(({ turn }) => !pauses.has(turn)))
      expect(before.expected?.counts.cacheReadTokens).toBe(usage.cacheReadTokens);
  });

  it('is told once that its cache expired, and leaves nothing reserved', () => {
    const told = turns.flatMap(({ turn, after }) => after.warnings.map(({ cause }) => `${turn} ${cause}`));
    expect(told.filter((line) => line.includes('cache_miss'))).toEqual(['20 cache_miss_expired']);
    expect(turns.every(({ before }) => before.decision.kind === 'allowed' && before.decision.failure === null)).toBe(
      true,
    );
  });
});
