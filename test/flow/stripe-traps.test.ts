/**
 * The traps of Stripe's metering, one test each, named by the trap (facts of its API, sections 1 to 6 and 9). Here stand those that are met on the wire:
 * the real engine or the real SDK against real sockets. Those that need weeks stand in test/unit/sync/outbox-world.test.ts, those of the stream in
 * test/unit/sync/stripe-stream.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { decide, type StripeAnswer } from '../../main/sync/decide.ts';
import { createStripeClient } from '../../main/sync/stripe-client.ts';
import { createStripeStream } from '../../main/sync/stripe-stream.ts';
import { createStripeMeter } from '../../main/sync/stripe.ts';
import { systemClock } from '../../main/system/clock.ts';
import { stampOf } from '../../shared/meter-event.ts';
import { begunCall } from '../kit/call-rows.ts';
import { openLedgerDb } from '../kit/ledger-db.ts';
import { createShiftedClock, startTestEngine, type ShiftedClock, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const meter = 'tollkeeper_cost_micro_usd';
const minuteMs = 60_000;
const dayMs = 24 * 3_600_000;

describe('on the wire', () => {
  type Answer =
    | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
    | 'closes and is gone';
  type Asked = { readonly incoming: IncomingMessage; readonly body: string };
  let server: Server;
  let asked: Asked[];
  let answers: Answer[];
  const ok: Answer = { status: 200, body: '{"object":"billing.meter_event"}' };
  const event = {
    id: 'tk2:cus_a:x:1:5:y',
    identifier: 'tk2:cus_a:x:1:5:y',
    customer: 'cus_a',
    meter,
    minuteMs: Date.parse('2026-11-24T10:00:00Z'),
    value: 123_456_789_012,
    attempts: 1,
    wasUnknown: false,
    firstSentAtMs: null,
  };

  beforeEach(async () => {
    asked = [];
    answers = [];
    server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        asked.push({ incoming, body: Buffer.concat(chunks).toString('utf8') });
        const answer = answers.shift() ?? ok;
        if (answer === 'closes and is gone') {
          server.close();
          server.closeAllConnections();
          return;
        }
        const { status, body, headers } = answer;
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const client = () => {
    const apiBase = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return createStripeClient({ apiKey: 'sk_test_x', apiBase, proxyUrl: null, ca: null });
  };
  const send = (...given: Answer[]): Promise<StripeAnswer> => {
    answers = given;
    return createStripeMeter(client())([event]);
  };
  const failed = (status: number, error: object, headers: Record<string, string> = {}): Answer => ({
    status,
    body: JSON.stringify({ error }),
    headers,
  });
  const lastForm = () => new URLSearchParams(asked.at(-1)?.body);
  const duplicate = {
    type: 'invalid_request_error',
    message: `An event already exists with identifier ${event.identifier}.`,
  };

  it('a value is a whole number in digits, a timestamp whole seconds inside the minute, the identifier ours and the idempotency key the same', async () => {
    expect(await send(ok)).toEqual({ kind: 'accepted' });
    expect(Object.fromEntries(lastForm())).toEqual({
      event_name: meter,
      identifier: event.identifier,
      timestamp: String(stampOf(event.minuteMs) / 1_000),
      'payload[stripe_customer_id]': 'cus_a',
      'payload[value]': '123456789012',
    });
    expect(asked[0]?.incoming.headers['idempotency-key']).toBe(event.identifier);
  });

  it('a repeated identifier is an error without a code on v1 and with one on v2: both are delivered', async () => {
    expect(await send(failed(400, duplicate, { 'stripe-should-retry': 'false' }))).toEqual({ kind: 'duplicate' });
    const coded = { type: 'invalid_request', code: 'duplicate_meter_event', message: 'other words' };
    expect(await send(failed(400, coded))).toEqual({ kind: 'duplicate' });
  });

  it('the SDK asks three times where nothing is said, and pauses for half a second: ours asks once', async () => {
    const startedMs = performance.now();
    expect(await send(failed(500, { type: 'api_error', message: 'x' }))).toMatchObject({ kind: 'no_answer' });
    expect(await send(failed(409, { type: 'invalid_request_error', message: 'x' }))).toMatchObject({ kind: 'busy' });
    expect(
      await send(failed(503, { type: 'api_error', message: 'x' }, { 'stripe-should-retry': 'true' })),
    ).toMatchObject({
      kind: 'no_answer',
    });
    expect(asked).toHaveLength(3);
    expect(performance.now() - startedMs).toBeLessThan(450);
  });

  it('a 500 is replayed under its idempotency key: the second attempt has one of its own, and the same identifier', async () => {
    answers = [failed(500, { type: 'api_error', message: 'x' })];
    await createStripeMeter(client())([event]);
    await createStripeMeter(client())([{ ...event, attempts: 2 }]);
    expect(asked.map(({ incoming }) => incoming.headers['idempotency-key'])).toEqual([
      event.identifier,
      `${event.identifier}~2`,
    ]);
    expect(lastForm().get('identifier')).toBe(event.identifier);
  });

  it('the SDK ignores retry-after: ours waits at least as long', async () => {
    const answer = await send(failed(429, { type: 'invalid_request_error', message: 'slow' }, { 'retry-after': '90' }));
    expect(answer).toMatchObject({ kind: 'rate_limited', retryAfterMs: 90_000 });
    const attempt = { attempts: 1, firstSentAtMs: 0, wasUnknown: false, nowMs: 0, fraction: 0 };
    expect(decide(answer, attempt)).toMatchObject({ state: 'sealed', nextAttemptAtMs: 90_000 });
    const down = await send(failed(503, { type: 'api_error', message: 'maintenance' }, { 'retry-after': '90' }));
    expect(decide(down, attempt)).toMatchObject({ state: 'unknown', nextAttemptAtMs: 90_000 });
  });

  it.each([
    ['global-rate', 'rate'],
    ['endpoint-rate', 'rate'],
    ['global-concurrency', 'concurrency'],
    ['endpoint-concurrency', 'concurrency'],
    ['resource-specific', undefined],
    [null, undefined],
  ] as const)('a 429 says in a header which limit it was: %s', async (reason, of) => {
    const headers = reason === null ? {} : { 'stripe-rate-limited-reason': reason };
    const answer = await send(
      failed(429, { type: 'invalid_request_error', code: 'lock_timeout', message: 'm' }, headers),
    );
    expect(answer).toMatchObject({ kind: 'rate_limited', reason: reason ?? 'm' });
    expect(answer.kind === 'rate_limited' ? answer.of : null).toBe(of);
  });

  it('a closed connection is asked a second time by the SDK, whose answer hides the first: ours asks once, and does not know', async () => {
    expect(await send('closes and is gone')).toEqual({ kind: 'no_answer', reason: 'connection closed (ECONNRESET)' });
    expect(asked).toHaveLength(1);
  });

  it('a body that is no JSON has no status: its outcome is unknown', async () => {
    const page: Answer = { status: 503, body: '<html>upstream</html>', headers: { 'content-type': 'text/html' } };
    expect(await send(page)).toMatchObject({ kind: 'no_answer' });
    expect(await send({ status: 200, body: '' })).toMatchObject({ kind: 'no_answer' });
  });

  it('an answer that breaks off has no status either: its outcome is unknown', async () => {
    const cut: Answer = { status: 200, body: '{"obj', headers: { 'content-length': '400' } };
    const sending = send(cut);
    await expect.poll(() => asked.length).toBe(1);
    setTimeout(() => server.closeAllConnections(), 50);
    expect(await sending).toMatchObject({ kind: 'no_answer' });
  });

  it('other parameters under a known key are an error, and no event is lost by it', async () => {
    const answer = await send(failed(400, { type: 'idempotency_error', message: 'Keys for idempotent requests …' }));
    expect(answer).toMatchObject({ kind: 'refused' });
    const attempt = { attempts: 1, firstSentAtMs: 0, wasUnknown: false, nowMs: 0, fraction: 0 };
    expect(decide(answer, attempt).state).toBe('rejected');
  });

  it('the SDK sends telemetry and writes a file for it unless it is told not to', async () => {
    await send(ok);
    await send(ok);
    for (const { incoming } of asked) expect(incoming.headers['x-stripe-client-telemetry']).toBeUndefined();
  });

  it('v2 takes texts and RFC 3339, and sends a number as a number', async () => {
    const token = 'token_1';
    const session = {
      authentication_token: token,
      created: '2026-11-24T10:00:00Z',
      expires_at: '2026-11-24T10:15:00Z',
    };
    answers = [
      { status: 200, body: JSON.stringify(session) },
      { status: 200, body: '{}' },
    ];
    const stream = createStripeStream(client(), systemClock);
    expect(await stream([event])).toEqual({ kind: 'accepted', isUnchecked: true });
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({
      events: [
        {
          event_name: meter,
          identifier: event.identifier,
          timestamp: '2026-11-24T10:00:30.000Z',
          payload: { stripe_customer_id: 'cus_a', value: '123456789012' },
        },
      ],
    });
    expect(asked[1]?.incoming.headers.authorization).toBe(`Bearer ${token}`);
    expect(asked[1]?.incoming.headers['idempotency-key']).toBe(event.identifier);
  });

  it('the stream’s empty answer makes the SDK throw, its session’s end and its rate limit are classes of their own: none is a refusal', async () => {
    const session = { authentication_token: 't', created: '2026-11-24T10:00:00Z', expires_at: '2026-11-24T10:15:00Z' };
    const opened = { status: 200, body: JSON.stringify(session) };
    const stream = createStripeStream(client(), systemClock);
    answers = [opened, { status: 200, body: '' }];
    expect(await stream([event])).toMatchObject({ kind: 'no_answer' });
    answers = [
      failed(401, { type: 'temporary_session_expired', code: 'billing_meter_event_session_expired', message: 'x' }),
    ];
    expect(await stream([event])).toMatchObject({ kind: 'busy' });
    // The session is asked for anew.
    answers = [opened, failed(429, { type: 'rate_limit', code: 'rate_limit', message: 'x' })];
    expect(await stream([event])).toMatchObject({ kind: 'rate_limited' });
    answers = [failed(429, { message: 'untyped' })];
    expect(await stream([event])).toMatchObject({ kind: 'rate_limited' });
  });

  it('a key that is refused for the session stops the stream as it stops v1', async () => {
    answers = [failed(401, { type: 'invalid_request_error', message: 'Invalid API Key' })];
    expect(await createStripeStream(client(), systemClock)([event])).toMatchObject({ kind: 'not_authorized' });
    answers = [failed(404, { type: 'invalid_request', code: 'not_found', message: 'no stream here' })];
    expect(await createStripeStream(client(), systemClock)([event])).toMatchObject({ kind: 'not_sent' });
  });

  it('nobody listens: known to be unsent, and found out within a moment', async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    const port = (server.address() as AddressInfo | null)?.port ?? 1;
    const gone = createStripeClient({
      apiKey: 'sk_test_x',
      apiBase: `http://127.0.0.1:${port}`,
      proxyUrl: null,
      ca: null,
    });
    const startedMs = performance.now();
    expect(await createStripeMeter(gone)([event])).toEqual({ kind: 'not_connected', reason: 'ECONNREFUSED' });
    expect(performance.now() - startedMs).toBeLessThan(450);
  });
});

describe('importing the SDK', () => {
  it('writes a hint to stderr inside Claude Code: the command line does not pass it on, and writes no telemetry file', () => {
    const home = mkdtempSync(join(tmpdir(), 'tollkeeper-sdk-'));
    const cli = join(import.meta.dirname, '../../main/cli.ts');
    const env = {
      ...process.env,
      CLAUDECODE: '1',
      HOME: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      STRIPE_API_KEY: 'sk_test_x',
    };
    openLedgerFile(join(home, ledgerFileName), 'write').close();
    const { stderr, status } = spawnSync(process.execPath, [cli, 'sync', 'now', '--home', home], {
      env,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(existsSync(join(home, '.config', 'Stripe'))).toBe(false);
    expect(existsSync(join(home, '.config', 'stripe'))).toBe(false);
    rmSync(home, { recursive: true });
  });
});

describe('a minute of a customer', () => {
  it('cannot be worth more than the 15 digits that Stripe takes', () => {
    const ledger = openLedgerDb();
    ledger.settle(begunCall('call_1', { startedAtMs: 0 }), { input_tokens: 10, output_tokens: 1 });
    // The largest sum of nano-dollars that a number holds exactly: nine million dollars in a minute.
    ledger.db.prepare('UPDATE outbox_shares SET amount_thousandths = ?').run(BigInt(Number.MAX_SAFE_INTEGER) - 999n);
    sealClosedMinutes(ledger.db, { nowMs: dayMs, onTheirWay: [] });
    const value = ledger.db.prepare<[], number>('SELECT value FROM meter_events').pluck().get();
    expect(String(value).length).toBeLessThanOrEqual(15);
    ledger.close();
  });
});

describe('with an engine', () => {
  let upstream: Upstream;
  let stripe: SandboxStripe;
  let engine: TestEngine;
  let stripeClock: ShiftedClock;
  let calls = 0;

  beforeEach(async () => {
    upstream = await startUpstream((_request, response) => {
      const message = {
        id: `msg_${(calls += 1)}_${Date.now()}`,
        type: 'message',
        model: 'claude-sonnet-5-5',
        stop_reason: 'end_turn',
        usage: { input_tokens: 1_000, output_tokens: 7 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
    });
    stripeClock = createShiftedClock();
  });
  afterEach(async () => {
    await engine.close();
    await stripe.close();
    await upstream.close();
  });

  const customers = Array.from({ length: 40 }, (_, index) => `cus_${index}`);
  async function start(rules: Parameters<typeof startSandboxStripe>[0]['rules'] = {}): Promise<void> {
    stripe = await startSandboxStripe({ clock: stripeClock, rules });
    stripe.seed({ eventName: meter, customers });
    engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url });
  }
  async function callFor(customer: string): Promise<void> {
    const headers = { 'x-tollkeeper-customer': customer };
    await (await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', headers, body: '{}' })).text();
  }
  const pass = (ms: number) => {
    engine.clock.putAhead(ms);
    stripeClock.putAhead(ms);
  };

  it('the sandbox takes 25 requests a second: as many go, and no customer has two at once', async () => {
    await start({ requestsPerSecond: 25, handlingMs: 15 });
    for (const customer of customers) await callFor(customer);
    pass(minuteMs);
    for (const customer of customers.slice(0, 20)) await callFor(customer);
    await engine.settled(60);
    pass(2 * minuteMs);
    for (let round = 0; round < 5 && stripe.events().length < 60; round++) await engine.syncNow();
    expect(stripe.events()).toHaveLength(60);
    // On a busy machine a request may leave late and fall into the next second; a customer's second request never does.
    expect(stripe.refusedCounts().limited).toBeLessThan(4);
    expect(stripe.refusedCounts().conflicts).toBe(0);
    const times = stripe.events().map(({ receivedAtMs }) => receivedAtMs);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2_000);
  });

  it('a machine whose clock is behind sends what Stripe finds too old: it is set aside, not sent under another date', async () => {
    await start({ requestsPerSecond: 1_000 });
    await callFor('cus_0');
    await engine.settled(1);
    engine.clock.putAhead(2 * minuteMs);
    stripeClock.putAhead(36 * dayMs);
    await engine.syncNow();
    expect((await engine.stripe()).events[0]).toMatchObject({ state: 'set_aside' });
    expect(stripe.events()).toEqual([]);
  });

  it('a machine whose clock is ahead sends from Stripe’s future: it is rejected with what to do, and taken once the clock is right', async () => {
    await start({ requestsPerSecond: 1_000 });
    await callFor('cus_0');
    await engine.settled(1);
    engine.clock.putAhead(2 * minuteMs);
    stripeClock.putAhead(-30 * minuteMs);
    await engine.syncNow();
    const [event] = (await engine.stripe()).events;
    expect(event).toMatchObject({
      state: 'rejected',
      rejectionCode: 'timestamp_in_future',
      lastAnswer: expect.stringContaining('Put the clock right') as string,
    });
    stripeClock.putAhead(32 * minuteMs);
    await engine.post(`/api/stripe/events/${encodeURIComponent(event?.id ?? '')}/retry`, {});
    expect((await engine.stripe()).events[0]).toMatchObject({ state: 'accepted', minuteMs: event?.minuteMs });
  });

  it('a 200 is a receipt only: that the customer does not exist is reported later, and joined by the identifier', async () => {
    await start({ requestsPerSecond: 1_000 });
    await callFor('cus_of_nobody');
    await engine.settled(1);
    pass(2 * minuteMs);
    await engine.syncNow();
    await engine.syncNow();
    expect((await engine.stripe()).events[0]).toMatchObject({
      state: 'rejected',
      rejectionCode: 'meter_event_customer_not_found',
    });
  });
});
