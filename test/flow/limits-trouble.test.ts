/** Limits near their edge, where `count_tokens` decides what the estimate cannot, and after a start that finds nothing to go on from. */
import Anthropic from '@anthropic-ai/sdk';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { liveSnapshotSchema } from '../../shared/contract/events.ts';
import { madeKeySchema } from '../../shared/contract/keys.ts';
import { headerOf } from '../../main/proxy/headers.ts';
import { writeFact } from '../../main/ledger/facts.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { model, questionOf, refusalOf, textOf } from '../kit/limits-far-side.ts';
import { startEngineProcess } from '../kit/engine-process.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
/** What `count_tokens` says; null: nothing, ever. */
let counted: number | null;
let asked: { path: string; credential: string | null; body: Record<string, unknown> }[];

async function start(limits: object): Promise<void> {
  engine = await startTestEngine({ upstream: upstream.url, settings: { limits }, anthropicApiKey: 'sk-ant-ours' });
}

beforeEach(async () => {
  counted = null;
  asked = [];
  upstream = await startUpstream((request, response) => {
    const path = request.url ?? '';
    asked.push({
      path,
      credential: headerOf(request.rawHeaders, 'authorization'),
      body: JSON.parse(request.body.toString()) as Record<string, unknown>,
    });
    const isCount = path.startsWith('/v1/messages/count_tokens');
    if (isCount && counted === null) return;
    const usage = { input_tokens: 5_000, output_tokens: 10 };
    const message = { id: `msg_${asked.length}`, type: 'message', model, stop_reason: 'end_turn', usage };
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(isCount ? { input_tokens: counted } : message));
  });
});

afterEach(async () => {
  await engine.close();
  await upstream.close();
});

const client = (apiKey = 'sk-ant-secret') => new Anthropic({ apiKey, baseURL: engine.proxyUrl, maxRetries: 0 });
const live = async () => liveSnapshotSchema.parse(await (await engine.get('/api/live')).json());
/** 9,123 tokens by the estimate. */
const nearQuestion = questionOf(textOf(10_000), { stream: false, metadata: { user_id: 'someone' } });

describe('a prompt within a tenth of the limit', () => {
  it('is counted by Anthropic with the client’s own credential before it is refused', async () => {
    await start({ contextLimitTokens: 9_500 });
    counted = 9_501;
    expect((await refusalOf(client().messages.create(nearQuestion))).message).toContain(
      'prompt is too long: 9501 tokens > 9500 maximum',
    );
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      path: '/v1/messages/count_tokens',
      credential: 'Bearer sk-ant-secret',
      body: { model, messages: nearQuestion.messages },
    });
    expect(Object.keys(asked[0]?.body ?? {}).toSorted()).toEqual(['messages', 'model']);
  });

  it('is counted with our key where its client has a member key, as the call and a batch are sent', async () => {
    await start({ contextLimitTokens: 9_500 });
    counted = 9_000;
    const { secret } = madeKeySchema.parse(await engine.post('/api/keys', { member: 'alice' }));
    await client(secret).messages.create(nearQuestion);
    await client(secret).messages.batches.create({
      requests: [{ custom_id: 'a', params: questionOf('hello') }],
    });
    expect(asked.map(({ path, credential }) => `${path} ${credential}`)).toEqual([
      '/v1/messages/count_tokens Bearer sk-ant-ours',
      '/v1/messages Bearer sk-ant-ours',
      '/v1/messages/batches Bearer sk-ant-ours',
    ]);
    expect(JSON.stringify(upstream.received.map(({ rawHeaders }) => rawHeaders))).not.toContain(secret);
  });

  it('goes when the count says that there is room', async () => {
    await start({ contextLimitTokens: 9_000 });
    counted = 8_999;
    await client().messages.create(nearQuestion);
    expect(asked.map(({ path }) => path)).toEqual(['/v1/messages/count_tokens', '/v1/messages']);
  });

  it('goes by the estimate when there is no count in time, or nobody is to ask', async () => {
    await start({ contextLimitTokens: 9_500 });
    await client().messages.create(nearQuestion);
    expect(asked.map(({ path }) => path)).toEqual(['/v1/messages/count_tokens', '/v1/messages']);
    await engine.close();
    await start({ contextLimitTokens: 9_500, asksCountTokens: false });
    await client().messages.create(nearQuestion);
    expect(asked).toHaveLength(3);
  });

  it('far from it nobody is asked', async () => {
    await start({ contextLimitTokens: 100_000 });
    await client().messages.create(nearQuestion);
    expect(asked).toHaveLength(1);
  });
});

describe('an engine without a desktop', () => {
  it('says on stderr what it warns of and what it stops', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tollkeeper-serve-'));
    const env = { TOLLKEEPER_CONTEXT_LIMIT: '6000' };
    const serve = await startEngineProcess({ home, upstream: upstream.url, env });
    const shop = new Anthropic({ apiKey: 'sk-ant-secret', baseURL: serve.proxyUrl, maxRetries: 0 });
    // 5,000 tokens, as the far side reports.
    await shop.messages.create(questionOf('hello', { stream: false }));
    await refusalOf(shop.messages.create(questionOf(textOf(9_000))));
    await expect
      .poll(serve.stderr)
      .toMatch(/^This conversation holds 5,010 tokens .*, 83 % of its limit of 6,000\. Compact it/m);
    await expect.poll(serve.stderr).toMatch(/^prompt is too long: \d+ tokens > 6000 maximum\./m);
    expect(serve.stderr()).not.toContain('sk-ant-secret');
    expect(await serve.stop()).toBe(0);
    rmSync(home, { recursive: true });
    await start({});
  });
});

describe('what the last engine learnt', () => {
  it('is learnt anew when it cannot be read, and the limits hold', async () => {
    await start({ contextLimitTokens: 5_000 });
    await engine.stop();
    const db = openLedgerFile(join(engine.home, ledgerFileName), 'write');
    writeFact(db, 'limits_memory', '{"outputHistory":');
    db.close();
    await engine.start();
    expect(await refusalOf(client().messages.create(questionOf(textOf(9_000))))).toMatchObject({ status: 400 });
    expect((await live()).limitsFailure).toBeNull();
  });
});
