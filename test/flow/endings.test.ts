/**
 * Every way a call can end, through the whole engine: a real upstream that ends it so, a real client, and the row that the ledger then exports.
 * Each names its rule and where the rule is written (ending-table.ts).
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bytesOf, openRaw } from '../kit/raw-http.ts';
import { messageDelta, messageStop } from '../kit/sse-text.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';
import { cost, endings as firstEndings, model, start, stream, text, type Ending } from './ending-table.ts';
import { furtherEndings } from './ending-table-2.ts';
import { timeoutEndings } from './ending-table-timeouts.ts';

const endings = [...firstEndings, ...furtherEndings];

let upstream: Upstream;
let engine: TestEngine;
let current: Ending;
let count = 0;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => current.answer(response, `msg_ending_${count}`));
  engine = await startTestEngine({ upstream: upstream.url });
});

afterAll(async () => {
  await engine.close();
  await upstream.close();
});

async function endAs({ leaves }: Ending, url: string): Promise<void> {
  const post = { method: 'POST', body: `{"model":"${model}","stream":true}` };
  if (leaves === 'before headers') {
    const arrived = upstream.received.length + 1;
    const controller = new AbortController();
    const asked = fetch(`${url}/v1/messages`, { ...post, signal: controller.signal }).catch(() => null);
    await expect.poll(() => upstream.received.length).toBe(arrived);
    controller.abort();
    await asked;
    return;
  }
  const incoming = await openRaw(`${url}/v1/messages`, post).catch(() => null);
  if (incoming === null) return;
  if (leaves === undefined) {
    await bytesOf(incoming).catch(() => null);
    return;
  }
  let seen = '';
  while (!seen.includes(leaves.after)) seen += String((await once(incoming, 'data'))[0]);
  incoming.destroy();
}

async function check(ending: Ending, on: TestEngine, rows: number): Promise<void> {
  current = ending;
  count += 1;
  await endAs(ending, on.proxyUrl);
  await expect.poll(() => on.exported().length, { timeout: 5_000 }).toBe(rows);
  const row = on.exported().at(-1);
  expect(row).toMatchObject(ending.row);
  const expected = typeof ending.cost === 'function' && row ? ending.cost(row) : ending.cost;
  expect(row?.cost_nano_usd).toBe(expected);
  expect(row?.unpriced_reason === null).toBe(expected !== null);
  if (typeof ending.cost === 'function' && !ending.name.includes('character'))
    expect(row?.output_tokens).toBeGreaterThan(50);
}

describe('a call that ends as', () => {
  it.for(endings)('$name: $rule ($source)', (ending) => check(ending, engine, count + 1));

  it('all of them leave a ledger that adds up', () => {
    expect(engine.verify()).toEqual({ calls: endings.length, findings: [] });
  });
});

describe('when the upstream is silent for longer than the limit, a call that ends as', () => {
  let impatient: TestEngine;
  let rows = 0;

  beforeAll(async () => {
    impatient = await startTestEngine({ upstream: upstream.url, upstreamTimeoutMs: 300 });
  });

  afterAll(() => impatient.close());

  it.for(timeoutEndings)('$name: $rule ($source)', async (ending) => {
    rows += 1;
    await check(ending, impatient, rows);
    if (ending.cost === null) expect(impatient.exported().at(-1)?.unpriced_reason).toMatch(/the limit/);
  });

  it('all of them leave a ledger that adds up', () => {
    expect(impatient.verify()).toEqual({ calls: timeoutEndings.length, findings: [] });
  });
});

describe('with drainOnAbort', () => {
  it('an answer is read to its end when the client leaves: exact, and told that it left', async () => {
    const { promise: left, resolve: onLeft } = Promise.withResolvers<void>();
    const far = await startUpstream(async (_request, response) => {
      stream(response, start('msg_drained') + text);
      await left;
      response.end(text + messageDelta({ output_tokens: 260 }) + messageStop);
    });
    const draining = await startTestEngine({ upstream: far.url, settings: { drainOnAbort: true } });
    const incoming = await openRaw(`${draining.proxyUrl}/v1/messages`, { method: 'POST', body: '{"stream":true}' });
    await once(incoming, 'data');
    incoming.destroy();
    await once(incoming, 'close');
    // The proxy hears of it over the socket, and tells nobody while it drains.
    await pause(100);
    onLeft();

    const [call] = await draining.settled(1);
    expect(call).toMatchObject({ status: 'complete', isEstimated: false, errorType: 'client_left', outputTokens: 260 });
    expect(call?.costNanoUsd).toBe(cost({ input: 40, read: 7, output: 260 }));
    await draining.close();
    await far.close();
  });
});
