/** The way to Stripe: through the same proxy and with the same CA as to Anthropic, over real TLS. */
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createStripeClient } from '../../../main/sync/stripe-client.ts';
import { createStripeMeter } from '../../../main/sync/stripe.ts';
import { startForwardProxy, type ForwardProxy } from '../../kit/connect-proxy.ts';
import { certificateFile, startRawUpstream, type RawUpstream } from '../../kit/raw-upstream.ts';

const answer = '{"object":"billing.meter_event"}';
const event = {
  id: 'tk_1',
  identifier: 'tk_1',
  customer: 'cus_a',
  meter: 'tollkeeper_cost_micro_usd',
  minuteMs: Date.parse('2026-11-24T10:00:00Z'),
  value: 12,
  attempts: 1,
  wasUnknown: false,
  firstSentAtMs: null,
};

let stripe: RawUpstream;
let proxy: ForwardProxy;

beforeAll(async () => {
  stripe = await startRawUpstream(
    (socket) =>
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
      ),
    { certificate: 'upstream' },
  );
  proxy = await startForwardProxy({ leadsTo: stripe.port, credentials: 'team:pass' });
});

afterAll(async () => {
  await proxy.close();
  await stripe.close();
});

const meter = (credentials: string, ca: string | null) =>
  createStripeMeter(
    createStripeClient({
      apiKey: 'sk_test_x',
      apiBase: 'https://api.upstream.test',
      proxyUrl: `http://${credentials}@127.0.0.1:${proxy.port}/`,
      ca,
    }),
  );
const ca = readFileSync(certificateFile('ca.pem'), 'utf8');

describe('a meter event', () => {
  it('goes through the tunnel of HTTPS_PROXY and trusts the CA of the settings', async () => {
    expect(await meter('team:pass', ca)([event])).toEqual({ kind: 'accepted' });
    expect(proxy.asked.at(-1)).toBe('CONNECT api.upstream.test:443');
    expect(stripe.requests.at(-1)).toMatch(/^POST \/v1\/billing\/meter_events/);
  });

  it('waits when the proxy refuses, or the certificate is signed by nobody known', async () => {
    const sent = stripe.requests.length;
    expect(await meter('team:wrong', ca)([event])).toMatchObject({ kind: 'no_answer' });
    expect(await meter('team:pass', null)([event])).toMatchObject({ kind: 'no_answer' });
    expect(stripe.requests).toHaveLength(sent);
  });
});
