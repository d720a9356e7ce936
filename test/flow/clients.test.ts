/** Real clients through the proxy, unchanged but for their base URL: what they see is what Anthropic says, and the ledger has it. */
import { createAnthropic } from '@ai-sdk/anthropic';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import { generateText, streamText } from 'ai';
import OlderAnthropic from 'anthropic-sdk-0x';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

let anthropic: SandboxAnthropic;
let engine: TestEngine;

beforeEach(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  engine = await startTestEngine({ upstream: anthropic.url });
});

afterEach(async () => {
  await engine.close();
  await anthropic.close();
});

const model = 'claude-sonnet-5-5';
const question = {
  model,
  max_tokens: 400,
  messages: [{ role: 'user' as const, content: 'Please find out why the cart total is computed twice.' }],
};

/** The last settled call against the last message that was served. */
async function expectMetered(count: number): Promise<void> {
  const [row] = await engine.settled(count);
  const served = anthropic.served().at(-1);
  expect(row).toMatchObject({
    status: 'complete',
    model,
    inputTokens: served?.usage['input_tokens'],
    outputTokens: served?.usage['output_tokens'],
  });
  expect(row?.costNanoUsd).toBeGreaterThan(0);
}

describe.each([
  ['@anthropic-ai/sdk 1.x (Bearer)', Anthropic],
  ['@anthropic-ai/sdk 0.x (x-api-key)', OlderAnthropic as unknown as typeof Anthropic],
])('%s', (_name, Client) => {
  const client = (options: { maxRetries?: number } = {}) =>
    new Client({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl, maxRetries: options.maxRetries ?? 0 });

  it('creates a message', async () => {
    const message = await client().messages.create(question);
    expect(message.id).toBe(anthropic.served()[0]?.messageId);
    expect(message._request_id).toBe(anthropic.served()[0]?.requestId);
    await expectMetered(1);
  });

  it('streams one', async () => {
    const texts: string[] = [];
    const stream = client()
      .messages.stream(question)
      .on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts.join('')).toBe(
      message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    );
    expect(message.usage.output_tokens).toBe(anthropic.served()[0]?.usage['output_tokens']);
    await expectMetered(1);
  });

  it('counts tokens, which costs nothing and is no call', async () => {
    const { max_tokens: _notForCounting, ...prompt } = question;
    const counted = await client().messages.countTokens(prompt);
    await client().messages.create(question);
    expect(counted.input_tokens).toBe(anthropic.served()[0]?.usage['input_tokens']);
    await expectMetered(1);
    expect(engine.exported()).toHaveLength(1);
  });

  it('aborts a stream, which is metered as far as it came', async () => {
    anthropic.setFault({ delayPerDeltaMs: 15 });
    const stream = client().messages.stream(question);
    await new Promise<void>((resolve) => stream.on('text', () => resolve()));
    stream.abort();
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Client.APIUserAbortError);

    const [row] = await engine.settled(1);
    expect(row).toMatchObject({
      status: 'partial',
      isEstimated: true,
      errorType: 'client_left',
      inputTokens: anthropic.served()[0]?.usage['input_tokens'],
    });
    expect(row?.outputTokens).toBeGreaterThan(0);
    expect(anthropic.served()[0]?.end).toBe('client_left');
  });

  it.each([429, 529])('retries after a %i and each try is a row of its own', async (status) => {
    const fault = { headers: { 'x-sandbox-fault': `status=${status};retry-after=0` } };
    await expect(client({ maxRetries: 1 }).messages.create(question, fault)).rejects.toMatchObject({ status });
    const rows = await engine.settled(2);
    expect(rows.map((row) => [row.status, row.httpStatus, row.costNanoUsd])).toEqual([
      ['failed', status, 0],
      ['failed', status, 0],
    ]);
  });

  it('sees Anthropic’s own errors', async () => {
    await expect(client().messages.create({ ...question, model: 'claude-none' })).rejects.toBeInstanceOf(
      Client.NotFoundError,
    );
    const wrongKey = new Client({ apiKey: 'sk-ant-invalid', baseURL: engine.proxyUrl, maxRetries: 0 });
    await expect(wrongKey.messages.create(question)).rejects.toBeInstanceOf(Client.AuthenticationError);
    await expect(
      client().messages.create(question, { headers: { 'x-sandbox-fault': 'status=413' } }),
    ).rejects.toMatchObject({ status: 413 });
  });

  it('lists models', async () => {
    const page = await client().models.list();
    expect(page.data.map(({ id }) => id)).toContain(model);
  });
});

describe('other clients', () => {
  it('@ai-sdk/anthropic generates and streams', async () => {
    const provider = createAnthropic({ apiKey: 'sk-ant-test', baseURL: `${engine.proxyUrl}/v1` });
    const whole = await generateText({
      model: provider(model),
      prompt: 'Please list every place where the price cache is read.',
      maxRetries: 0,
    });
    expect(whole.usage.outputTokens).toBe(anthropic.served()[0]?.usage['output_tokens']);
    await expectMetered(1);

    const stream = streamText({
      model: provider(model),
      prompt: 'Please explain how the retry queue works.',
      maxRetries: 0,
    });
    let text = '';
    for await (const part of stream.textStream) text += part;
    expect(text.length).toBeGreaterThan(10);
    await expectMetered(2);
  });

  it('@langchain/anthropic invokes and streams', async () => {
    const chat = new ChatAnthropic({
      apiKey: 'sk-ant-test',
      model,
      maxTokens: 300,
      anthropicApiUrl: engine.proxyUrl,
      maxRetries: 0,
    });
    const answer = await chat.invoke('Please propose a smaller way in which the nightly import runs.');
    expect((answer.usage_metadata as { output_tokens: number } | undefined)?.output_tokens).toBe(
      anthropic.served()[0]?.usage['output_tokens'],
    );
    await expectMetered(1);

    let chunks = 0;
    for await (const _chunk of await chat.stream('Please explain how the session cookie is read.')) chunks += 1;
    expect(chunks).toBeGreaterThan(1);
    await expectMetered(2);
  });
});
