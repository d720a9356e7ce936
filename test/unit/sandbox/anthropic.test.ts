/** The simulated Anthropic behaves like the real one where the meter looks: caching and its life, errors, streams, tools. */
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../../main/sandbox/anthropic-server.ts';
import { createShiftedClock, type ShiftedClock } from '../../kit/test-engine.ts';

let clock: ShiftedClock;
let anthropic: SandboxAnthropic;
let client: Anthropic;

beforeEach(async () => {
  clock = createShiftedClock();
  anthropic = await startSandboxAnthropic({ clock });
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: anthropic.url, maxRetries: 0 });
});
afterEach(() => anthropic.close());

const longText = 'The quick brown fox reads a file of the repository. '.repeat(120);
type Ttl = '5m' | '1h';
const system = (ttl: Ttl) => [
  { type: 'text' as const, text: longText, cache_control: { type: 'ephemeral' as const, ttl } },
];
const ask = async (content: string, ttl: Ttl = '5m') =>
  (
    await client.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 100,
      system: system(ttl),
      messages: [{ role: 'user', content }],
    })
  ).usage;
const minutes = (count: number) => clock.putAhead(count * 60_000);

describe('the cache', () => {
  it('is written once, read within five minutes of its last use, and written again after', async () => {
    const first = await ask('one');
    expect(first.cache_creation_input_tokens).toBeGreaterThan(1_024);
    expect(first.cache_read_input_tokens).toBe(0);
    minutes(4);
    const second = await ask('two');
    expect([second.cache_read_input_tokens, second.cache_creation_input_tokens]).toEqual([
      first.cache_creation_input_tokens,
      0,
    ]);
    minutes(4);
    expect((await ask('three')).cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
    minutes(6);
    expect((await ask('four')).cache_creation_input_tokens).toBe(first.cache_creation_input_tokens);
  });

  it('lives an hour where asked, and says which', async () => {
    expect((await ask('one', '1h')).cache_creation).toMatchObject({ ephemeral_5m_input_tokens: 0 });
    minutes(55);
    expect((await ask('two', '1h')).cache_read_input_tokens).toBeGreaterThan(0);
  });

  it('is read by the next turn of a conversation, which writes only what is new', async () => {
    const marked = (text: string) => ({
      role: 'user' as const,
      content: [{ type: 'text' as const, text, cache_control: { type: 'ephemeral' as const } }],
    });
    const create = (messages: Anthropic.MessageParam[]) =>
      client.messages.create({ model: 'claude-opus-5-5', max_tokens: 50, messages });
    const one = await create([marked(longText)]);
    const two = await create([
      { role: 'user', content: longText },
      { role: 'assistant', content: 'Done.' },
      marked('And the next file?'),
    ]);
    expect(two.usage.cache_read_input_tokens).toBe(one.usage.cache_creation_input_tokens);
    expect(two.usage.cache_creation_input_tokens).toBeLessThan(50);
  });

  it('keeps models and keys apart', async () => {
    await ask('one');
    const other = new Anthropic({ apiKey: 'sk-ant-other', baseURL: anthropic.url, maxRetries: 0 });
    const usage = (
      await other.messages.create({
        model: 'claude-sonnet-5-5',
        max_tokens: 10,
        system: system('5m'),
        messages: [{ role: 'user', content: 'x' }],
      })
    ).usage;
    expect(usage.cache_read_input_tokens).toBe(0);
  });
});

describe('an answer', () => {
  it('honours max_tokens, and 0 of them only warms the cache', async () => {
    const create = (max_tokens: number) =>
      client.messages.create({
        model: 'claude-sonnet-5-5',
        max_tokens,
        messages: [{ role: 'user', content: 'tell me more' }],
      });
    expect(await create(5)).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
    expect(await create(0)).toMatchObject({ stop_reason: 'max_tokens', content: [], usage: { output_tokens: 0 } });
  });

  it('uses a tool now and then, whole in a stream as well', async () => {
    const tools = [
      { name: 'read_file', input_schema: { type: 'object' as const, properties: { path: { type: 'string' } } } },
    ];
    const reasons = new Set<string | null>();
    for (let index = 0; index < 12; index++) {
      const message = await client.messages
        .stream({
          model: 'claude-sonnet-5-5',
          max_tokens: 500,
          tools,
          messages: [{ role: 'user', content: `look ${index}` }],
        })
        .finalMessage();
      reasons.add(message.stop_reason);
      const use = message.content.find((block) => block.type === 'tool_use');
      if (use)
        expect(use).toMatchObject({ name: 'read_file', input: { path: expect.stringMatching(/^src\//) as string } });
    }
    expect(reasons).toEqual(new Set(['end_turn', 'tool_use']));
  });

  it.each([
    ['status=400', 400, 'invalid_request_error'],
    ['status=401', 401, 'authentication_error'],
    ['status=429', 429, 'rate_limit_error'],
    ['status=529', 529, 'overloaded_error'],
  ])('with %s is the error it should be', async (fault, status, type) => {
    const refused = client.messages.create(
      { model: 'claude-sonnet-5-5', max_tokens: 10, messages: [{ role: 'user', content: 'x' }] },
      { headers: { 'x-sandbox-fault': fault } },
    );
    await expect(refused).rejects.toMatchObject({ status, error: { error: { type } } });
  });

  it('says no to a prompt beyond the window in Anthropic’s words', async () => {
    const content = 'x'.repeat(200_000 * 4);
    await expect(
      client.messages.create({ model: 'claude-haiku-4-5', max_tokens: 10, messages: [{ role: 'user', content }] }),
    ).rejects.toThrow(/prompt is too long: \d+ tokens > 200000 maximum/);
  });
});
