/** The way of a call, end to end: client, proxy, simulated Anthropic, ledger, API, simulated Stripe. */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import { readUsage } from '../../shared/usage.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { createShiftedClock, startTestEngine, testToken, type TestEngine } from '../kit/test-engine.ts';

const meter = 'tollkeeper_cost_micro_usd';
const sandboxClock = createShiftedClock();
let anthropic: SandboxAnthropic;
let stripe: SandboxStripe;
let engine: TestEngine;

beforeAll(async () => {
  anthropic = await startSandboxAnthropic({ clock: sandboxClock });
  stripe = await startSandboxStripe({ clock: sandboxClock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_shop', 'cus_ops'] });
  const settings = { customers: { projects: { webshop: 'cus_shop', ops: 'cus_ops' }, members: {} } };
  engine = await startTestEngine({ upstream: anthropic.url, stripeApiBase: stripe.url, settings });
});

afterAll(async () => {
  await engine.close();
  await anthropic.close();
  await stripe.close();
});

const clientOf = (path: string) =>
  new Anthropic({ apiKey: 'sk-ant-test', baseURL: `${engine.proxyUrl}${path}`, maxRetries: 0 });
const question = (text: string, model = 'claude-sonnet-5-5') => ({
  model,
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: text }],
});

describe('calls of a team', () => {
  it('are each in the ledger once, with what Anthropic said they used and its price', async () => {
    const shop = clientOf('/@alice/webshop');
    for (let index = 0; index < 6; index++)
      await shop.messages.create(question(`question ${index} `.repeat(300 + index)));
    for (let index = 0; index < 4; index++)
      await clientOf('/@bo/ops')
        .messages.stream(question(`log ${index}`, 'claude-haiku-5-5'))
        .finalMessage();
    await clientOf('/@carla/research').messages.create(question('an option', 'claude-fable-5-2'));

    await engine.settled(11);
    const byMessage = new Map(engine.exported().map((call) => [call.message_id, call]));
    expect(byMessage.size).toBe(11);
    for (const served of anthropic.served()) {
      const call = byMessage.get(served.messageId);
      const usage = readUsage(served.usage);
      const priced = priceUsage({ model: served.model, usage, stopReason: 'end_turn', atMs: Date.now() }, currentBook);
      expect(call).toMatchObject({
        status: 'complete',
        model: served.model,
        request_id: served.requestId,
        input_tokens: usage.inputTokens,
        output_tokens: usage.outputTokens,
        cost_nano_usd: priced.kind === 'priced' ? priced.costNanoUsd : null,
      });
    }
    expect(engine.verify()).toMatchObject({ calls: 11, findings: [] });
  });

  it('are summed by month, project and member without a difference', async () => {
    const total = engine.exported().reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0);
    for (const by of ['project', 'member', 'model', 'day']) {
      const view = (await (await engine.get(`/api/month?by=${by}`)).json()) as {
        total: { costNanoUsd: number };
        rows: { spend: { costNanoUsd: number } }[];
      };
      expect(view.total.costNanoUsd).toBe(total);
      expect(view.rows.reduce((sum, row) => sum + row.spend.costNanoUsd, 0)).toBe(total);
    }
    const live = (await (await engine.get('/api/live')).json()) as {
      today: { costNanoUsd: number };
      month: { costNanoUsd: number };
    };
    expect([live.today.costNanoUsd, live.month.costNanoUsd]).toEqual([total, total]);
  });

  it('reach Stripe once their minute is over, to the micro-dollar, remainders kept', async () => {
    engine.clock.putAhead(2 * 60_000);
    sandboxClock.putAhead(2 * 60_000);
    await engine.syncNow();

    const view = await engine.stripe();
    expect(view).toMatchObject({ state: 'ok', waitingEvents: 0, rejectedEvents: 0 });
    const billed = engine.exported().filter((call) => call.customer !== null);
    const nano = billed.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0);
    const held = Number(stripe.meterSum('cus_shop', meter) + stripe.meterSum('cus_ops', meter)) * 1_000;
    expect(held + view.openNanoUsd).toBe(nano);
    expect(view.openNanoUsd).toBeLessThan(2_000);
    expect(view.acceptedNanoUsd).toBe(held);
    expect(view.unmapped.calls).toBe(1);
    expect(engine.verify().findings).toEqual([]);
  });

  it('are still there after a restart, and nothing is sent again', async () => {
    const before = engine.exported();
    const eventsBefore = stripe.events().length;
    await engine.restart();
    await engine.syncNow();
    expect(engine.exported()).toEqual(before);
    expect(stripe.events().length).toBe(eventsBefore);
  });
});

describe('the dashboard’s API', () => {
  it('answers only with the token, to this host and to no foreign origin', async () => {
    const url = `${engine.dashboardUrl}/api/live`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await engine.get('/api/live', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await engine.get('/api/live', { origin: engine.dashboardUrl })).status).toBe(200);
    const { raw } = await import('../kit/raw-http.ts');
    const rebound = await raw(url, { headers: ['Host', 'evil.example', 'Authorization', `Bearer ${testToken}`] });
    expect(rebound.status).toBe(403);
  });

  it('takes the token from the link once and keeps it in a cookie that scripts cannot read', async () => {
    const answer = await fetch(`${engine.dashboardUrl}/month?token=${testToken}&by=model`, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/month?by=model');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const again = await fetch(`${engine.dashboardUrl}/api/status`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(again.status).toBe(200);
  });

  it('says what is wrong with a question', async () => {
    const bad = await engine.get('/api/calls?status=sideways');
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ error: { code: 'bad_usage' } });
    expect((await engine.get('/api/calls/call_none')).status).toBe(404);
    expect((await engine.get('/api/nothing')).status).toBe(404);
  });

  it('pushes the live picture', async () => {
    const answer = await engine.get('/api/events');
    const reader = (answer.body ?? new ReadableStream()).getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value as Uint8Array)).toMatch(/^event: live\ndata: \{"atMs"/);
    await reader.cancel();
  });
});
