/**
 * Limits changed while an engine runs, through the API and by hand: in force for the next call, with everything that the limits hold (what is spent and
 * reserved, what was told, what was learnt, who was let on) as it was.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';

import { statusSchema } from '../../shared/contract/api.ts';
import { apiErrorSchema, type ApiError } from '../../shared/contract/api-error.ts';
import type { LimitsSettings } from '../../shared/contract/limits.ts';
import { limitsSettingsViewSchema, type LimitsSettingsView } from '../../shared/contract/limits-settings.ts';
import { questionOf, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream } from '../kit/upstream.ts';

let far: LimitedEngine | null = null;
afterEach(async () => {
  await far?.close();
  far = null;
});

type Asks = Pick<TestEngine, 'ask' | 'get' | 'home'>;

const path = '/api/limits/settings';
const view = async (engine: Asks): Promise<LimitsSettingsView> =>
  limitsSettingsViewSchema.parse(await (await engine.get(path)).json());

/** As the screen does: reads, changes some of it, and gives all of it back. */
async function put(engine: Asks, limits: Partial<LimitsSettings>, more: object = {}): Promise<Response> {
  const { inFile, revision } = await view(engine);
  const settings = { ...inFile, limits: { ...inFile?.limits, ...limits } };
  return engine.ask('PUT', path, { revision, settings, ...more });
}

async function change(engine: Asks, limits: Partial<LimitsSettings>): Promise<LimitsSettingsView> {
  const answer = await put(engine, limits);
  expect(answer.status).toBe(200);
  return limitsSettingsViewSchema.parse(await answer.json());
}

async function refused(answer: Response): Promise<ApiError['error'] & { readonly status: number }> {
  return { status: answer.status, ...apiErrorSchema.parse(await answer.json()).error };
}

const file = (engine: Asks) => join(engine.home, 'settings.json');
const inFile = (engine: Asks) => JSON.parse(readFileSync(file(engine), 'utf8')) as Record<string, unknown>;

describe('a limit that is changed', () => {
  it('judges the next call, is on every screen, and holds after a restart', async () => {
    far = await startLimitedEngine();
    const { engine } = far;
    const call = (tokens: number) => far?.client().messages.create(questionOf(textOf(tokens))) ?? Promise.reject();
    await call(9_000);
    const saved = await change(engine, { contextLimitTokens: 5_000 });
    expect(saved.inForce.limits.contextLimitTokens).toBe(5_000);
    expect((await refusalOf(call(9_000))).message).toMatch(/prompt is too long: \d+ tokens > 5000 maximum/);
    expect((await far.limits()).rules.contextLimitTokens).toBe(5_000);
    expect(statusSchema.parse(await (await engine.get('/api/status')).json()).contextLimit).toBe(5_000);

    await change(engine, { contextLimitTokens: null, callCeilingUsd: 0.02 });
    expect((await refusalOf(call(9_000))).message).toContain('the call ceiling of $0.02');
    await engine.restart();
    expect((await refusalOf(call(9_000))).message).toContain('the call ceiling of $0.02');
    await change(engine, { projects: { webshop: { callCeilingUsd: null } } });
    await far.client('/@alice/webshop').messages.create(questionOf(textOf(9_000)));
    await refusalOf(call(9_000));
    expect(engine.verify().findings).toEqual([]);
  });

  it('leaves what is spent, what was learnt, what was told and who was let on', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 20_000 } });
    const { engine, notices } = far;
    const alice = far.client('/@alice/webshop');
    const messages: Anthropic.MessageParam[] = [];
    const turn = async (tokens: number) => {
      messages.push({ role: 'user', content: textOf(tokens) });
      const { content } = await alice.messages.create(questionOf('', { messages }));
      messages.push({ role: 'assistant', content });
    };
    await turn(6_000);
    await turn(5_000);
    await engine.settled(2);
    const before = await far.live(2);
    const [conversation] = before.conversations;
    expect(conversation?.warnings.map(({ cause }) => cause)).toEqual(['context_50']);
    await engine.post('/api/conversations/other/allow', { forMs: 3_600_000 });
    const spent = engine.exported().reduce((sum, { cost_nano_usd: nano }) => sum + (nano ?? 0), 0);
    await change(engine, { callCeilingUsd: 0.01 });
    // What a call is expected to cost rests on what was learnt of its model.
    const stopped = async () =>
      (await refusalOf((far as LimitedEngine).client('/@bo/ops').messages.create(questionOf(textOf(9_000))))).message;
    const sentence = await stopped();
    await change(engine, { budgets: [{ of: 'team', name: null, per: 'month', usd: 900 }] });
    expect(await stopped()).toBe(sentence);

    await change(engine, {
      callCeilingUsd: null,
      budgets: [{ of: 'member', name: 'alice', per: 'day', usd: 50 }],
      hasWarningHeader: false,
    });
    expect((await far.limits()).budgets).toMatchObject([{ whose: 'alice', spentNanoUsd: spent, reservedNanoUsd: 0 }]);
    expect((await far.limits()).letOn).toMatchObject([{ conversation: 'other' }]);
    await turn(1_000);
    const after = (await far.live(3)).conversations.find(({ id }) => id === conversation?.id);
    expect(after?.turns).toBe(3);
    expect(after?.warnings.filter(({ cause }) => cause.startsWith('context'))).toEqual(conversation?.warnings);
    expect(notices.filter((notice) => notice.includes('of its limit'))).toHaveLength(1);
  });

  it('tells a budget’s step once, and anew where its amount is another', async () => {
    far = await startLimitedEngine({ limits: { budgets: [{ of: 'team', name: null, per: 'day', usd: 0.01 }] } });
    const said = () => far?.notices.filter((notice) => notice.includes('budget of the team is spent')) ?? [];
    await far.client().messages.create(questionOf(textOf(9_000)));
    await far.engine.settled(1);
    await expect.poll(() => said().length).toBe(1);
    const steps: LimitsSettings['budgets'] = [{ of: 'team', name: null, per: 'day', usd: 100 }];
    await change(far.engine, { budgets: steps });
    await far.client().messages.create(questionOf(textOf(9_000), { max_tokens: 10 }));
    await change(far.engine, { budgets: steps, cutsMidStream: true });
    await far.client().messages.create(questionOf(textOf(9_000), { max_tokens: 11 }));
    await far.engine.settled(3);
    expect(said()).toHaveLength(1);
    // One that is past a step already when it is set says so at once.
    await change(far.engine, { budgets: [{ of: 'team', name: null, per: 'day', usd: 0.02 }] });
    expect(said().at(-1)).toMatch(/^100 % of the daily budget of the team is spent: \$0\.\d\d of \$0\.02\.$/);
    expect(said()).toHaveLength(2);
    await refusalOf(far.client().messages.create(questionOf(textOf(9_000), { max_tokens: 12 })));
  });
});

describe('a budget that is set while calls are on their way', () => {
  it('knows what they have reserved, and lets no more through than it has room for', async () => {
    const { promise: end, resolve: letEnd } = Promise.withResolvers<void>();
    const usage = { input_tokens: 10_000, output_tokens: 20 };
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [], usage };
    const upstream = await startUpstream(async (_request, response) => {
      await end;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...message, id: `msg_${Math.random()}`, stop_reason: 'end_turn' }));
    });
    const engine = await startTestEngine({ upstream: upstream.url });
    const client = new Anthropic({ apiKey: 'sk-ant-x', baseURL: `${engine.proxyUrl}/@alice`, maxRetries: 0 });
    const call = (index: number) => client.messages.create(questionOf(textOf(9_000, `question ${index}`)));
    const underWay = Array.from({ length: 4 }, (_, index) => call(index));
    await expect.poll(() => upstream.received.length).toBe(4);

    await change(engine, { budgets: [{ of: 'member', name: 'alice', per: 'day', usd: 0.17 }] });
    const budgets = async () => {
      const answer = (await (await engine.get('/api/limits')).json()) as { budgets: Record<string, number>[] };
      return answer.budgets[0] ?? {};
    };
    const reserved = (await budgets())['reservedNanoUsd'] ?? 0;
    expect(reserved).toBeGreaterThan(120_000_000);
    const full = await refusalOf(call(10));
    expect(full.status).toBe(429);
    expect(full.message).toContain('is spoken for by calls and batches on their way');

    // Another amount, in the middle of it all: the same reservations.
    await change(engine, { budgets: [{ of: 'member', name: 'alice', per: 'day', usd: 0.16 }] });
    expect((await budgets())['reservedNanoUsd']).toBe(reserved);
    letEnd();
    await Promise.all(underWay);
    await engine.settled(5);
    const spent = engine.exported().reduce((sum, { cost_nano_usd: nano }) => sum + (nano ?? 0), 0);
    expect(await budgets()).toMatchObject({ reservedNanoUsd: 0, spentNanoUsd: spent });
    expect(engine.verify().findings).toEqual([]);
    await engine.close();
    await upstream.close();
  });
});

describe('what is switched on or off', () => {
  it('holds for the next call: the header of warnings, draining, cutting in mid-stream', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const { engine } = far;
    const warned = async (seed: string) => {
      const { response } = await (far as LimitedEngine)
        .client()
        .messages.create(questionOf(textOf(3_000, seed)))
        .withResponse();
      return response.headers.has('x-tollkeeper-warning');
    };
    expect(await warned('one')).toBe(true);
    await change(engine, { hasWarningHeader: false });
    expect(await warned('two')).toBe(false);

    const stream = (left?: AbortController) =>
      new Anthropic({
        apiKey: 'sk-ant-x',
        baseURL: (far as LimitedEngine).engine.proxyUrl,
        maxRetries: 0,
        defaultHeaders: { 'x-sandbox-fault': 'slow=20' },
      }).messages.stream(
        questionOf(textOf(2_000, `stream ${left ? 'left' : 'cut'}`)),
        left ? { signal: left.signal } : {},
      );
    const drained = await put(engine, {}, { settings: { ...(await view(engine)).inFile, drainOnAbort: true } });
    expect(drained.status).toBe(200);
    const left = new AbortController();
    const leaving = stream(left);
    leaving.once('text', () => left.abort());
    await expect(leaving.finalMessage()).rejects.toThrow('aborted');
    expect((await engine.settled(3))[0]).toMatchObject({
      status: 'complete',
      isEstimated: false,
      errorType: 'client_left',
    });

    await change(engine, { callCeilingUsd: 0.01, cutsMidStream: true, projects: {}, contextLimitTokens: null });
    const small = stream();
    const cut = await small.finalMessage().catch((error: unknown) => error);
    expect(String(cut)).toMatch(/call ceiling/);
  });
});

describe('a change that cannot be made', () => {
  it('says what is wrong beside each field, and changes nothing', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const { engine } = far;
    const before = readFileSync(file(engine), 'utf8');
    const budgets = [{ of: 'team', name: null, per: 'day', usd: 0 }] as unknown as LimitsSettings['budgets'];
    const answer = await refused(await put(engine, { contextLimitTokens: 10, budgets }));
    expect(answer).toMatchObject({ status: 400, code: 'bad_usage' });
    expect(answer.message).toContain('(and 1 more)');
    expect(answer.fields).toEqual([
      {
        path: ['limits', 'contextLimitTokens'],
        message: 'A context limit is a whole number from 1,000 to 10,000,000 tokens.',
        remedy: 'Give one such as 150,000, or no limit.',
      },
      {
        path: ['limits', 'budgets', 0, 'usd'],
        message: 'This is no amount from $0.01 to $1,000,000 in dollars and whole cents.',
        remedy: 'Give one such as 12.50.',
      },
    ]);
    for (const body of [null, 'x', { settings: null }, { revision: 5 }])
      expect((await engine.ask('PUT', path, body)).status).toBe(400);
    expect(readFileSync(file(engine), 'utf8')).toBe(before);
    expect((await far.limits()).rules.contextLimitTokens).toBe(5_000);
    const outside = await fetch(`${engine.dashboardUrl}${path}`, { method: 'PUT', body: '{}' });
    expect(outside.status).toBe(401);
  });

  it('is refused when somebody else changed them meanwhile, and can be made over it', async () => {
    far = await startLimitedEngine();
    const { engine } = far;
    const { revision, inFile: old } = await view(engine);
    await change(engine, { callCeilingUsd: 3 });
    const settings = { ...old, limits: { ...old?.limits, callCeilingUsd: 4 } };
    expect(await refused(await engine.ask('PUT', path, { revision, settings }))).toMatchObject({
      status: 409,
      code: 'changed_meanwhile',
    });
    expect((await view(engine)).inForce.limits.callCeilingUsd).toBe(3);
    expect((await engine.ask('PUT', path, { revision: null, settings })).status).toBe(200);
    expect((await view(engine)).inForce.limits.callCeilingUsd).toBe(4);
  });

  it('names the variable that wins over the file, while the others can be changed', async () => {
    const engine = await startTestEngine({
      upstream: 'http://127.0.0.1:9',
      settings: { teamName: 'Acme', limits: { contextLimitTokens: 60_000 } },
      env: { TOLLKEEPER_CONTEXT_LIMIT: '80000', TOLLKEEPER_DRAIN_ON_ABORT: '1' },
    });
    const seen = await view(engine);
    expect(seen.setBy).toEqual({
      contextLimitTokens: 'TOLLKEEPER_CONTEXT_LIMIT',
      drainOnAbort: 'TOLLKEEPER_DRAIN_ON_ABORT',
    });
    expect(seen.inFile).toMatchObject({ limits: { contextLimitTokens: 60_000 }, drainOnAbort: false });
    expect(seen.inForce).toMatchObject({ limits: { contextLimitTokens: 80_000 }, drainOnAbort: true });
    expect((await refused(await put(engine, { contextLimitTokens: 90_000 }))).fields).toEqual([
      {
        path: ['limits', 'contextLimitTokens'],
        message: 'This is set by TOLLKEEPER_CONTEXT_LIMIT.',
        remedy: 'Change it there, or unset the variable.',
      },
    ]);
    await change(engine, { callCeilingUsd: 2 });
    expect(inFile(engine)).toMatchObject({
      teamName: 'Acme',
      drainOnAbort: false,
      limits: { contextLimitTokens: 60_000, callCeilingUsd: 2 },
    });
    expect((await view(engine)).inForce.limits).toMatchObject({ contextLimitTokens: 80_000, callCeilingUsd: 2 });
    await engine.close();
  });
});

describe('a settings file that is edited by hand', () => {
  it('is in force within seconds, and nothing of it is lost by a change on the screen', async () => {
    far = await startLimitedEngine();
    const { engine } = far;
    const { limits } = far;
    await change(engine, { callCeilingUsd: 3 });
    const edited = { ...inFile(engine), teamName: 'By hand', limits: { contextLimitTokens: 7_000 } };
    writeFileSync(file(engine), JSON.stringify(edited));
    // Nobody asks for the settings: the engine looks by itself.
    await expect.poll(async () => (await limits()).rules.contextLimitTokens, { timeout: 10_000 }).toBe(7_000);
    expect((await limits()).rules.callCeilingNanoUsd).toBe(10_000_000_000);
    await change(engine, { callCeilingUsd: 4 });
    expect(inFile(engine)).toMatchObject({
      teamName: 'By hand',
      limits: { contextLimitTokens: 7_000, callCeilingUsd: 4 },
    });
  });

  it('that is broken is told once, changes nothing, is not written over, and is in force once it is mended', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const { engine, notices, limits } = far;
    const { revision, inFile: whole } = await view(engine);
    writeFileSync(file(engine), '{ "limits": { "contextLimitTokens": ');
    await expect.poll(() => notices.length, { timeout: 10_000 }).toBe(1);
    expect(notices[0]).toMatch(
      /settings\.json cannot be read as JSON\. The limits in force stay as they were\. Correct the file/,
    );
    const seen = await view(engine);
    expect(seen).toMatchObject({ inFile: null, revision: null, inForce: { limits: { contextLimitTokens: 5_000 } } });
    expect(seen.trouble?.message).toContain('settings.json cannot be read as JSON.');
    for (const given of [revision, null]) {
      const answer = await refused(await engine.ask('PUT', path, { revision: given, settings: whole }));
      expect(answer).toMatchObject({ status: 409, code: 'bad_settings' });
    }
    expect(readFileSync(file(engine), 'utf8')).toBe('{ "limits": { "contextLimitTokens": ');
    await refusalOf(far.client().messages.create(questionOf(textOf(9_000))));

    writeFileSync(file(engine), JSON.stringify({ limits: { contextLimitTokens: 50_000 } }));
    await expect.poll(async () => (await limits()).rules.contextLimitTokens, { timeout: 10_000 }).toBe(50_000);
    expect((await view(engine)).trouble).toBeNull();
    expect(notices.filter((notice) => notice.includes('settings.json'))).toHaveLength(1);
  });
});
