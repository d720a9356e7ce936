/** Who made a call and what for: by the address, by headers, by a member key, by the machine's default; and nothing of ours reaches Anthropic. */
import Anthropic from '@anthropic-ai/sdk';

import { afterEach, describe, expect, it } from 'vitest';

import { madeKeySchema } from '../../shared/contract/keys.ts';
import { questionOf } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
afterEach(async () => {
  expect(engine.verify().findings).toEqual([]);
  await engine.close();
  await upstream.close();
});

const usage = { input_tokens: 10, output_tokens: 5 };

async function start(settings: object): Promise<void> {
  let answered = 0;
  upstream = await startUpstream((_request, response) => {
    answered += 1;
    const message = {
      id: `msg_${answered}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      content: [],
      usage,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  engine = await startTestEngine({ upstream: upstream.url, anthropicApiKey: 'sk-ant-ours', settings });
}

type Way = { readonly path?: string; readonly headers?: Record<string, string>; readonly apiKey?: string };

async function call({ path = '', headers = {}, apiKey = 'sk-ant-own' }: Way): Promise<void> {
  const client = new Anthropic({
    apiKey,
    baseURL: `${engine.proxyUrl}${path}`,
    maxRetries: 0,
    defaultHeaders: headers,
  });
  await client.messages.create(questionOf('hello'));
}

const keyOf = async (body: object) => madeKeySchema.parse(await engine.post('/api/keys', body)).secret;
const customers = { projects: { webshop: 'cus_shop' }, members: {} };

describe('a call', () => {
  it('is named by its header before its address before the machine’s default, and by a member key before all of them', async () => {
    await start({ member: 'machine', project: 'house', customers });
    const secret = await keyOf({ member: 'dora', project: 'ops' });
    await call({});
    await call({ path: '/@alice/webshop' });
    await call({
      path: '/@alice/webshop',
      headers: { 'x-tollkeeper-member': 'bo', 'x-tollkeeper-project': 'research', 'x-tollkeeper-customer': 'cus_bo' },
    });
    await call({ path: '/@alice/webshop', headers: { 'x-tollkeeper-member': 'eve' }, apiKey: secret });

    await engine.settled(4);
    const named = engine.exported().map(({ member, project, customer }) => `${member} ${project} ${customer}`);
    expect(named).toEqual(['machine house null', 'alice webshop cus_shop', 'bo research cus_bo', 'dora ops null']);
  });

  it('that nobody is named for is unassigned', async () => {
    await start({});
    await call({});
    expect(await engine.settled(1)).toMatchObject([{ member: null, project: null, customer: null }]);
  });

  it('reaches Anthropic without our path, our headers and our keys', async () => {
    await start({});
    const secret = await keyOf({ member: 'dora' });
    const headers = {
      'x-tollkeeper-member': 'bo',
      'x-tollkeeper-project': 'research',
      'x-tollkeeper-customer': 'cus_bo',
    };
    await call({ path: '/@alice/webshop', headers, apiKey: secret });
    await engine.settled(1);
    const [request] = upstream.received;
    expect(request?.url).toBe('/v1/messages');
    const sent = JSON.stringify([request?.url, request?.rawHeaders, request?.body.toString()]);
    for (const ours of ['tollkeeper', 'alice', 'webshop', 'research', 'cus_bo', 'dora', secret])
      expect(sent).not.toContain(ours);
    expect(sent).toContain('sk-ant-ours');
  });
});
