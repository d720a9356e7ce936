/** Message batches before budgets: what one is expected to cost is held from its submission on, over restarts, until what it cost is known or nothing will come of it. */
import Anthropic from '@anthropic-ai/sdk';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pendingBatchesSchema } from '../../shared/contract/api.ts';
import { limitsViewSchema } from '../../shared/contract/limits-view.ts';
import { questionOf, refusalOf, textOf } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Received, type Upstream } from '../kit/upstream.ts';

type Counts = Partial<Record<'processing' | 'succeeded' | 'errored' | 'canceled' | 'expired', number>>;

let upstream: Upstream;
let engine: TestEngine;
const notices: string[] = [];
/** How the batch stands, as the next answer tells it. */
let status: string;
let counts: Counts;
/** Asked before a submission is answered. */
let beforeAnswer: () => Promise<void>;
let submissionStatus: number;

const model = 'claude-sonnet-5-5';
const usage = { input_tokens: 20_000, output_tokens: 300 };
const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: 'end_turn', usage };
const resultLines = ['a', 'b']
  .map((id) => ({ custom_id: id, result: { type: 'succeeded', message: { ...message, id: `msg_${id}` } } }))
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

const factsOf = (id: string) => ({
  id,
  type: 'message_batch',
  processing_status: status,
  request_counts: { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0, ...counts },
  created_at: new Date(engine.clock.nowMs()).toISOString(),
  ended_at: status === 'ended' ? new Date(engine.clock.nowMs()).toISOString() : null,
  results_url: status === 'ended' ? `${engine.proxyUrl}/v1/messages/batches/${id}/results` : null,
});

async function answer({ method, url }: Received): Promise<{ status: number; body: string }> {
  const json = (value: object, code = 200) => ({ status: code, body: JSON.stringify(value) });
  const id = /batches\/([^/?]+)/.exec(url)?.[1] ?? 'msgbatch_1';
  if (!url.includes('/batches')) return json(message);
  if (url.endsWith('/results')) return { status: 200, body: resultLines };
  if (method !== 'POST' || url.endsWith('/cancel')) return json(factsOf(id));
  await beforeAnswer();
  return submissionStatus === 200
    ? json(factsOf(id))
    : json({ type: 'error', error: { type: 'invalid_request_error', message: 'no' } }, submissionStatus);
}

beforeEach(async () => {
  [status, counts, submissionStatus] = ['in_progress', { processing: 2 }, 200];
  beforeAnswer = () => Promise.resolve();
  notices.length = 0;
  upstream = await startUpstream(async (request, response) => {
    const { status: code, body } = await answer(request);
    response.writeHead(code, { 'content-type': 'application/json' }).end(body);
  });
});
afterEach(async () => {
  expect(engine.verify().findings).toEqual([]);
  await engine.close();
  await upstream.close();
});

/** Two requests of about $0.04 each, at half their price; room for one such batch and not for two. */
async function start(usd = 0.06): Promise<void> {
  engine = await startTestEngine({
    upstream: upstream.url,
    settings: { limits: { budgets: [{ of: 'member', name: 'alice', per: 'month', usd }] } },
    onNotice: (sentence) => void notices.push(sentence),
  });
}

const client = () => new Anthropic({ apiKey: 'sk-ant-test', baseURL: `${engine.proxyUrl}/@alice`, maxRetries: 2 });
const requests = ['a', 'b'].map((id) => ({
  custom_id: id,
  params: questionOf(textOf(20_000, `batch ${id}`), { model, max_tokens: 300 }),
}));
const submit = () => client().messages.batches.create({ requests });
const budget = async () => limitsViewSchema.parse(await (await engine.get('/api/limits')).json()).budgets[0];
const reserved = async () => (await budget())?.reservedNanoUsd ?? 0;
const pending = async () => pendingBatchesSchema.parse(await (await engine.get('/api/batches')).json()).batches;
/** Until the ledger has it: the answer passes at once. */
const isPending = () => expect.poll(async () => (await pending()).length).toBe(1);

describe('a batch that was submitted', () => {
  it('holds its expected cost against the budgets until its results are metered, over a restart', async () => {
    await start();
    await submit();
    await isPending();
    const held = await reserved();
    expect(held).toBeGreaterThan(30_000_000);
    expect(held).toBeLessThan(60_000_000);
    expect(await pending()).toMatchObject([{ id: 'msgbatch_1', reservedNanoUsd: held }]);

    const second = await refusalOf(submit());
    expect(second).toBeInstanceOf(Anthropic.RateLimitError);
    expect(second.message).toMatch(
      /\$0\.00 is spent and \$0\.0\d is spoken for by calls and batches on their way; when they have ended there may be room/,
    );
    await engine.restart();
    expect(await reserved()).toBe(held);
    expect(await refusalOf(client().messages.create({ ...questionOf(textOf(20_000)), model }))).toMatchObject({
      status: 429,
    });
    expect(upstream.received).toHaveLength(1);

    [status, counts] = ['ended', { succeeded: 2 }];
    for await (const result of await client().messages.batches.results('msgbatch_1'))
      expect(result.result.type).toBe('succeeded');
    await expect.poll(reserved).toBe(0);
    const cost = 2 * ((20_000 * 2_000 + 300 * 10_000) / 2);
    expect(await budget()).toMatchObject({ spentNanoUsd: cost, reservedNanoUsd: 0 });
    expect(await pending()).toEqual([]);
    // What a batch brings a budget to is told as what a call brings it to.
    expect(notices.filter((sentence) => sentence.includes('of the monthly budget of the member alice'))).toEqual([
      '50 % of the monthly budget of the member alice is spent: $0.04 of $0.06.',
    ]);
  });

  it('holds less when requests of it were canceled, and nothing when all were', async () => {
    await start();
    await submit();
    await isPending();
    const held = await reserved();
    [status, counts] = ['canceling', { processing: 2 }];
    await client().messages.batches.cancel('msgbatch_1');
    [status, counts] = ['ended', { succeeded: 1, canceled: 1 }];
    await client().messages.batches.retrieve('msgbatch_1');
    await expect.poll(reserved).toBe(Math.ceil(held / 2));
    counts = { canceled: 2 };
    await client().messages.batches.retrieve('msgbatch_1');
    await expect.poll(reserved).toBe(0);
    await engine.restart();
    expect(await reserved()).toBe(0);
  });

  it('holds nothing a day and an hour later, whatever became of it', async () => {
    await start();
    await submit();
    await isPending();
    engine.clock.putAhead(24.5 * 3_600_000);
    await engine.restart();
    // In the month of its submission.
    if ((await budget()) !== undefined) expect((await pending())[0]?.reservedNanoUsd).toBeGreaterThan(0);
    engine.clock.putAhead(3_600_000);
    await engine.restart();
    expect(await pending()).toMatchObject([{ id: 'msgbatch_1', reservedNanoUsd: 0 }]);
    expect(await reserved()).toBe(0);
  });
});

describe('a batch that was not taken', () => {
  it('holds nothing', async () => {
    await start();
    submissionStatus = 400;
    expect(await refusalOf(submit())).toMatchObject({ status: 400 });
    await expect.poll(reserved).toBe(0);
    submissionStatus = 200;
    await submit();
    await isPending();
    expect(await reserved()).toBeGreaterThan(0);
  });

  it('because nobody can be reached, holds nothing', async () => {
    await start();
    await upstream.close();
    await expect(
      new Anthropic({
        apiKey: 'sk-ant-test',
        baseURL: `${engine.proxyUrl}/@alice`,
        maxRetries: 0,
      }).messages.batches.create({
        requests,
      }),
    ).rejects.toThrow();
    await expect.poll(reserved).toBe(0);
  });
});

describe('a batch whose client leaves before it is answered', () => {
  it('is known all the same, and held', async () => {
    await start();
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    beforeAnswer = () => {
      arrived.resolve();
      return answered.promise;
    };
    const body = JSON.stringify({ requests });
    const leaving = new AbortController();
    const gone = fetch(`${engine.proxyUrl}/@alice/v1/messages/batches`, {
      method: 'POST',
      body,
      signal: leaving.signal,
    });
    await arrived.promise;
    leaving.abort();
    await expect(gone).rejects.toThrow();
    answered.resolve();
    await isPending();
    expect(await reserved()).toBeGreaterThan(0);
  });
});
