/** The simulated Anthropic as its clients see it: the real SDK and bytes by hand against real sockets. */
import { gzipSync } from 'node:zlib';

import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { raw } from '../../kit/raw-http.ts';

const model = 'claude-sonnet-5-5';
const tool: Anthropic.Tool = {
  name: 'read_file',
  input_schema: {
    type: 'object',
    properties: {
      path: { type: 'string' },
      limit: { type: 'integer' },
      mode: { type: 'string', enum: ['all', 'head'] },
    },
  },
};

let sandbox: SandboxAnthropic;
let client: Anthropic;

beforeEach(async () => {
  sandbox = await startSandboxAnthropic({ clock: systemClock });
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: sandbox.url, maxRetries: 0 });
});

afterEach(() => sandbox.close());

function question(text = 'Please find out why the cart total is computed twice.', maxTokens = 1_000) {
  return { model, max_tokens: maxTokens, messages: [{ role: 'user' as const, content: text }] };
}

/** By hand, with an answer read as JSON. */
async function post(body: unknown, headers: Readonly<Record<string, string>> = { 'x-api-key': 'sk-ant-test' }) {
  const bytes = body instanceof Buffer || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await raw(`${sandbox.url}/v1/messages`, { method: 'POST', headers, body: bytes });
  return { ...answer, json: JSON.parse(answer.body.toString()) as { error?: { type: string; message: string } } };
}

describe('a message', () => {
  it('has usage in its full shape, and is what the sandbox says it served', async () => {
    const message = await client.messages.create(question());

    const [served] = sandbox.served();
    expect(message.usage).toEqual({
      input_tokens: expect.any(Number),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: expect.any(Number),
      output_tokens_details: { thinking_tokens: 0 },
      server_tool_use: null,
      service_tier: 'standard',
      inference_geo: 'global',
      speed: 'standard',
    });
    expect(served).toMatchObject({ messageId: message.id, requestId: message._request_id, model, end: 'whole' });
    expect(served?.usage).toEqual(message.usage);
    expect(message.usage.output_tokens).toBeGreaterThan(100);
  });

  it('is the same streamed or not, and differs from question to question', async () => {
    const whole = await client.messages.create(question());
    const streamed = await client.messages.stream(question()).finalMessage();
    const other = await client.messages.create(question('Please list who still reads the price cache.'));

    expect(streamed.content).toMatchObject(whole.content);
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
    expect(other.content).not.toEqual(whole.content);
    expect(new Set([whole.id, streamed.id, other.id]).size).toBe(3);
  });

  it('carries the headers that Anthropic sends', async () => {
    const { response } = await client.messages.create(question()).withResponse();

    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(response.headers.get('anthropic-organization-id')).toBe('org_sandbox');
    for (const kind of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
      const left = Number(response.headers.get(`anthropic-ratelimit-${kind}-remaining`));
      expect(left).toBeLessThan(Number(response.headers.get(`anthropic-ratelimit-${kind}-limit`)));
      expect(response.headers.get(`anthropic-ratelimit-${kind}-reset`)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
    }
  });

  it('stops at max_tokens', async () => {
    const message = await client.messages.create(question('Explain the retry queue.', 5));
    expect(message.stop_reason).toBe('max_tokens');
    expect(message.usage.output_tokens).toBe(5);
  });

  it('with max_tokens 0 warms the cache and says nothing', async () => {
    const system = [
      { type: 'text' as const, text: 'rule '.repeat(1_000), cache_control: { type: 'ephemeral' as const } },
    ];
    const warmUp = await client.messages.create({ ...question('Hi', 0), system });
    const after = await client.messages.create({ ...question('Hi'), system });

    expect(warmUp).toMatchObject({ content: [], stop_reason: 'max_tokens', usage: { output_tokens: 0 } });
    expect(warmUp.usage.cache_creation_input_tokens).toBeGreaterThan(1_024);
    expect(after.usage.cache_read_input_tokens).toBe(warmUp.usage.cache_creation_input_tokens);
  });

  it('thinks where thinking is on, inside the output tokens', async () => {
    const thinking = { type: 'adaptive' as const };
    const message = await client.messages.stream({ ...question(), thinking }).finalMessage();

    const thought = message.usage.output_tokens_details?.thinking_tokens ?? 0;
    expect(message.content[0]).toMatchObject({ type: 'thinking', signature: expect.stringMatching(/./) });
    expect(thought).toBeGreaterThan(10);
    expect(thought).toBeLessThan(message.usage.output_tokens);
  });

  it('says where and how fast it ran, as asked', async () => {
    const body = { ...question(), model: 'claude-opus-5-5', inference_geo: 'us', speed: 'fast' };
    expect(await post(body).then(({ json }) => json)).toMatchObject({ usage: { inference_geo: 'us', speed: 'fast' } });
  });
});

describe('a stream', () => {
  it('comes in the order of the API, and its counts are cumulative', async () => {
    const events: Anthropic.RawMessageStreamEvent[] = [];
    for await (const event of await client.messages.create({ ...question(), stream: true })) events.push(event);
    const answer = await raw(`${sandbox.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-ant-test' },
      body: JSON.stringify({ ...question(), stream: true }),
    });

    const names = events.map(({ type }) => type);
    expect(names.filter((name, index) => name !== names[index - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(answer.body.toString()).toContain('event: ping\ndata: {"type":"ping"}\n\n');
    const start = events.find((event) => event.type === 'message_start')?.message.usage;
    const final = events.find((event) => event.type === 'message_delta')?.usage;
    expect(start).toMatchObject({ output_tokens: 1, service_tier: 'standard', cache_creation: expect.anything() });
    expect(final).toMatchObject({ input_tokens: start?.input_tokens, output_tokens_details: { thinking_tokens: 0 } });
    expect(sandbox.served()[0]).toMatchObject({
      usage: { output_tokens: final?.output_tokens },
      isFinalUsageSent: true,
      deltasSent: names.filter((name) => name === 'content_block_delta').length,
      bodyBytesSent: expect.any(Number),
    });
    expect(sandbox.served()[1]?.bodyBytesSent).toBe(answer.body.length);
  });
});

describe('tool use', () => {
  it('happens to some questions that bring tools, with input that fits the schema', async () => {
    const messages = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        client.messages.stream({ ...question(`part ${index}`), tools: [tool] }).finalMessage(),
      ),
    );
    const uses = messages.filter(({ stop_reason }) => stop_reason === 'tool_use');

    expect(uses.length).toBeGreaterThan(2);
    expect(uses.length).toBeLessThan(18);
    expect(uses[0]?.content.at(-1)).toMatchObject({
      type: 'tool_use',
      name: 'read_file',
      input: { path: expect.any(String), limit: expect.any(Number), mode: expect.stringMatching(/^(all|head)$/) },
    });
  });

  it('is never the answer to a tool’s result', async () => {
    const answers = Array.from({ length: 12 }, (_, index) =>
      client.messages.create({
        ...question(),
        tools: [tool],
        messages: [
          { role: 'user', content: `part ${index}` },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'read_file', input: {} }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'two lines' }] },
        ],
      }),
    );
    for (const { stop_reason } of await Promise.all(answers)) expect(stop_reason).toBe('end_turn');
  });
});

describe('counting', () => {
  it('agrees with the usage of the same prompt, tools, images and all', async () => {
    const image = { type: 'base64' as const, media_type: 'image/png' as const, data: 'A'.repeat(8_000) };
    const prompt = {
      model,
      system: 'You help to tune the product search.',
      tools: [tool],
      messages: [
        {
          role: 'user' as const,
          content: [
            { type: 'image' as const, source: image },
            { type: 'text' as const, text: 'Größe?' },
          ],
        },
        { role: 'assistant' as const, content: 'It is 640 by 480.' },
        { role: 'user' as const, content: 'ok '.repeat(3_000), cache_control: undefined },
      ].map(({ role, content }) => ({ role, content })),
    };
    const { input_tokens: counted } = await client.messages.countTokens(prompt);
    const { usage } = await client.messages.create({
      ...prompt,
      max_tokens: 100,
      cache_control: { type: 'ephemeral' },
    });

    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
    expect(input_tokens + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0)).toBe(counted);
    expect(cache_creation_input_tokens).toBe(counted);
    expect(sandbox.served()).toHaveLength(1);
  });
});

describe('what is refused', () => {
  it('comes as the classes of the SDK', async () => {
    const unknown = client.messages.create({ ...question(), model: 'claude-none' });
    await expect(unknown).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const invalidKey = new Anthropic({ apiKey: 'sk-ant-invalid-1', baseURL: sandbox.url, maxRetries: 0 });
    await expect(invalidKey.messages.create(question())).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    const noMessages = client.messages.create({ ...question(), messages: [] });
    await expect(noMessages).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    expect(sandbox.served()).toEqual([]);
  });

  it.each([
    ['no model', { max_tokens: 1, messages: [{ role: 'user', content: 'Hi' }] }, 400, 'model: Field required'],
    ['no messages', { model, max_tokens: 1 }, 400, 'messages: Field required'],
    ['no max_tokens', { model, messages: [{ role: 'user', content: 'Hi' }] }, 400, 'max_tokens: Field required'],
    ['an unknown role', { model, max_tokens: 1, messages: [{ role: 'bot', content: 'Hi' }] }, 400, 'messages.0.role'],
    ['too many output tokens', { ...question('Hi', 128_001) }, 400, 'max_tokens: 128001 > 128000'],
    ['fast mode of a model without it', { ...question(), speed: 'fast' }, 400, 'does not support fast mode'],
    ['no JSON', '{"model":', 400, 'not valid JSON'],
    [
      'a prompt beyond the window',
      { ...question('x'.repeat(3_600_000)) },
      400,
      /^prompt is too long: 10285\d\d tokens > 1000000 maximum$/,
    ],
    [
      'five cache marks',
      { ...question(), system: Array(5).fill({ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }) },
      400,
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
  ])('%s', async (_name, body, status, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.json.error?.type).toBe('invalid_request_error');
    expect(answer.json.error?.message).toMatch(message);
    expect(answer.json).toMatchObject({ type: 'error', request_id: answer.headers['request-id'] });
  });

  it('a request without a key, and paths that are not there', async () => {
    expect(await post(question(), {})).toMatchObject({
      status: 401,
      json: { error: { type: 'authentication_error' } },
    });
    for (const path of ['/v1/complete', '//', '/']) {
      const answer = await raw(`${sandbox.url}${path}`, { headers: { authorization: 'Bearer sk-ant-test' } });
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    }
  });
});

describe('around the messages', () => {
  it('a compressed request is read, and one that is not what it says is refused', async () => {
    const headers = { 'x-api-key': 'sk-ant-test', 'content-encoding': 'gzip' };
    expect((await post(gzipSync(JSON.stringify(question())), headers)).status).toBe(200);
    expect((await post(question(), headers)).json.error).toMatchObject({
      details: { error_code: 'request_body_encoding_invalid' },
    });
  });

  it('models are listed page by page and found by id', async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list({ limit: 7 })) ids.push(id);

    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await client.models.retrieve(model)).toMatchObject({
      id: model,
      line: 'sonnet',
      max_input_tokens: 1_000_000,
    });
    await expect(client.models.retrieve('claude-none')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it('a client that asks whether anyone is there needs no key', async () => {
    expect((await raw(`${sandbox.url}/api/hello`, { method: 'HEAD' })).status).toBe(200);
  });
});
