/** The upstream cannot be reached at all: a clear answer in Anthropic's error shape, and a failed call that costs nothing. */
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { fault } from '../kit/fault.ts';
import { clientSays, ledgerSays } from '../kit/fault-says.ts';
import { raw } from '../kit/raw-http.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream } from '../kit/upstream.ts';

let engine: TestEngine;

beforeAll(async () => {
  const gone = await startUpstream(() => {});
  await gone.close();
  engine = await startTestEngine({ upstream: gone.url });
});

afterAll(() => engine.close());

describe('upstream', () => {
  fault('refuses the connection', { client: '502 api_error', ledger: 'failed, $0' }, async () => {
    const answer = await raw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: '{"model":"m"}' });
    expect(answer.body.toString()).toContain('ECONNREFUSED');
    await engine.settled(1);
    return { client: clientSays(answer), ledger: ledgerSays(engine.exported().at(-1)) };
  });
});
