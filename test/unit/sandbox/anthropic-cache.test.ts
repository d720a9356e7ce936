/** The life of a prompt cache on a clock that is driven by hand, seen through `usage`. */
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../../main/system/clock.ts';

const minuteMs = 60_000;
const mark = { type: 'ephemeral' as const };
const hourMark = { type: 'ephemeral' as const, ttl: '1h' as const };

let nowMs: number;
let sandbox: SandboxAnthropic;
let client: Anthropic;

beforeEach(async () => {
  nowMs = Date.UTC(2026, 10, 24, 9);
  sandbox = await startSandboxAnthropic({ clock: { ...systemClock, nowMs: () => nowMs } });
  client = clientOf('sk-ant-test');
});

afterEach(() => sandbox.close());

const clientOf = (apiKey: string) => new Anthropic({ apiKey, baseURL: sandbox.url, maxRetries: 0 });

const rules = (length = 1_000, cache_control: Anthropic.CacheControlEphemeral = mark) => [
  { type: 'text' as const, text: 'rule '.repeat(length), cache_control },
];

type Asked = Partial<Anthropic.MessageCreateParamsNonStreaming>;

/** What a request of this system prompt and these messages used. */
async function use(asked: Asked, asking = client) {
  const { usage } = await asking.messages.create({
    model: 'claude-sonnet-5-5',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'Hi' }],
    ...asked,
  });
  return {
    input: usage.input_tokens,
    read: usage.cache_read_input_tokens ?? 0,
    for5m: usage.cache_creation?.ephemeral_5m_input_tokens ?? 0,
    for1h: usage.cache_creation?.ephemeral_1h_input_tokens ?? 0,
  };
}

describe('a prefix', () => {
  it('is written once and read within five minutes of its last use', async () => {
    const first = await use({ system: rules() });
    expect(first).toMatchObject({ read: 0, for1h: 0 });
    expect(first.for5m).toBeGreaterThan(1_024);

    for (let turn = 0; turn < 3; turn += 1) {
      nowMs += 5 * minuteMs - 1;
      expect(await use({ system: rules() })).toEqual({ ...first, read: first.for5m, for5m: 0 });
    }
  });

  it('is gone after five minutes, and written anew', async () => {
    const first = await use({ system: rules() });
    nowMs += 5 * minuteMs;
    expect(await use({ system: rules() })).toEqual(first);
  });

  it('marked for an hour lives an hour and is counted apart', async () => {
    const first = await use({ system: rules(1_000, hourMark) });
    expect(first).toMatchObject({ read: 0, for5m: 0 });
    nowMs += 60 * minuteMs - 1;
    expect((await use({ system: rules(1_000, hourMark) })).read).toBe(first.for1h);
    nowMs += 60 * minuteMs;
    expect(await use({ system: rules(1_000, hourMark) })).toEqual(first);
  });

  it('below 1,024 tokens is not cached', async () => {
    const first = await use({ system: rules(700) });
    expect(first).toMatchObject({ read: 0, for5m: 0 });
    expect(await use({ system: rules(700) })).toEqual(first);
  });

  it('belongs to one key and one model', async () => {
    await use({ system: rules() });
    expect((await use({ system: rules() }, clientOf('sk-ant-other'))).read).toBe(0);
    expect((await use({ system: rules(), model: 'claude-haiku-5-5' })).read).toBe(0);
    expect((await use({ system: rules() })).read).toBeGreaterThan(0);
  });

  it('that differs in one character is another', async () => {
    await use({ system: rules() });
    const changed = rules().map((block) => ({ ...block, text: `R${block.text.slice(1)}` }));
    expect((await use({ system: changed })).read).toBe(0);
  });

  it('is split by its time to live when a request marks both', async () => {
    const messages = [
      { role: 'user' as const, content: [{ ...rules(2_000)[0], type: 'text' as const, text: 'file '.repeat(2_000) }] },
    ];
    const both = await use({ system: rules(1_000, hourMark), messages });
    expect(both.for1h).toBeGreaterThan(1_024);
    expect(both.for5m).toBeGreaterThan(both.for1h);
    expect(both).toMatchObject({ input: 0, read: 0 });

    nowMs += 6 * minuteMs;
    expect(await use({ system: rules(1_000, hourMark), messages })).toEqual({ ...both, read: both.for1h, for1h: 0 });
  });
});

describe('a conversation', () => {
  const turn = (text: string, isMarked: boolean): Anthropic.MessageParam => ({
    role: 'user',
    content: [{ type: 'text', text, ...(isMarked ? { cache_control: mark } : {}) }],
  });

  it('whose mark moves on to the newest message reads what its last turn wrote', async () => {
    const first = await use({ messages: [turn('a file '.repeat(900), true)] });
    const answer: Anthropic.MessageParam = { role: 'assistant', content: 'It is computed twice.' };
    const second = await use({
      messages: [turn('a file '.repeat(900), false), answer, turn('and why '.repeat(50), true)],
    });

    expect(first.input).toBe(0);
    expect(second.read).toBe(first.for5m);
    expect(second.for5m).toBeGreaterThan(100);
    expect(second.for5m).toBeLessThan(200);
    expect(second.input).toBe(0);
  });

  it('that grew by more than twenty blocks finds nothing to read', async () => {
    const first = turn('a file '.repeat(900), true);
    await use({ messages: [first] });
    const blocks = Array.from({ length: 21 }, (_, index) => ({ type: 'text' as const, text: `part ${index}` }));
    const grown = (count: number): Anthropic.MessageParam[] => [
      turn('a file '.repeat(900), false),
      { role: 'assistant', content: blocks.slice(0, count - 1) },
      turn('and why', true),
    ];
    expect((await use({ messages: grown(21) })).read).toBe(0);
    expect((await use({ messages: grown(20) })).read).toBeGreaterThan(0);
  });

  it('keeps its system prompt warm', async () => {
    const system = rules();
    await use({ system, messages: [turn('a file '.repeat(900), true)] });
    nowMs += 4 * minuteMs;
    await use({ system, messages: [turn('a file '.repeat(900), true)] });
    nowMs += 4 * minuteMs;
    expect((await use({ system, messages: [turn('something else', false)] })).read).toBeGreaterThan(1_024);
  });
});
