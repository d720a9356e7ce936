/** Limits as a client with Anthropic's own SDK meets them: what is stopped, in which words, what it leaves in the ledger, and how to go on. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import OlderAnthropic from 'anthropic-sdk-0x';
import { afterEach, describe, expect, it } from 'vitest';

import { badgesOf } from '../../renderer/data/badges.ts';
import { callsTotalSchema, monthViewSchema } from '../../shared/contract/api.ts';
import { letOnAnswerSchema } from '../../shared/contract/limits-view.ts';
import { formatUsd } from '../../shared/money.ts';
import {
  model,
  questionOf,
  refusalOf,
  startLimitedEngine,
  textOf,
  type LimitedEngine,
} from '../kit/limits-far-side.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let far: LimitedEngine;
afterEach(() => far.close());

describe.each([
  ['@anthropic-ai/sdk 1.x', Anthropic],
  ['@anthropic-ai/sdk 0.x', OlderAnthropic as unknown as typeof Anthropic],
])('with %s, a prompt over the context limit', (_name, Client) => {
  it('is refused in the words on which Claude Code compacts, once, and never leaves the machine', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const client = new Client({ apiKey: 'sk-ant-test', baseURL: `${far.engine.proxyUrl}/@alice/webshop` });
    const error = await client.messages.create(questionOf(textOf(9_000))).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(Client.BadRequestError);
    expect((error as Error).message).toMatch(
      /prompt is too long: \d+ tokens > 5000 maximum\. Tollkeeper stopped this call before it was sent; it would have cost about \$0\.\d+\. To go on, compact the conversation or begin a new one, or let this one on for an hour: tollkeeper allow prompt_\S+ --for 1h\./,
    );
    expect((error as { type?: unknown }).type ?? 'invalid_request_error').toBe('invalid_request_error');
    expect(far.anthropic.requestCount()).toBe(0);
    expect(await far.engine.settled(1)).toHaveLength(1);
  });
});

describe('a refused call', () => {
  it('costs nothing and is in the ledger, the export and on the screen with what it would have cost', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const error = await refusalOf(far.client('/@alice/webshop').messages.create(questionOf(textOf(9_000))));
    const [row] = await far.engine.settled(1);

    expect(row).toMatchObject({
      status: 'refused',
      member: 'alice',
      project: 'webshop',
      costNanoUsd: 0,
      httpStatus: 400,
      errorType: 'invalid_request_error',
    });
    expect(row?.wouldCostNanoUsd).toBeGreaterThan(40_000_000);
    expect(far.engine.exported()).toMatchObject([
      {
        status: 'refused',
        cost_nano_usd: 0,
        would_cost_nano_usd: row?.wouldCostNanoUsd,
        conversation: row?.conversation,
      },
    ]);
    const detail = await far.engine.call(row?.id ?? '');
    expect(error.message).toContain(detail.refusal);
    await expect.poll(async () => (await far.live()).recent.length).toBe(1);
    const { refused, recent, today } = await far.live();
    expect(refused).toMatchObject([{ id: row?.id, cause: 'context_limit', wouldCostNanoUsd: row?.wouldCostNanoUsd }]);
    expect(recent[0]).toMatchObject({ status: 'refused' });
    expect(today).toMatchObject({ costNanoUsd: 0, unpricedCalls: 0 });
    expect(far.engine.verify()).toMatchObject({ calls: 1, findings: [] });
  });

  it('has what it would have cost in the total of the calls, the month and the report', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    await refusalOf(far.client('/@alice/webshop').messages.create(questionOf(textOf(9_000))));
    await far.client('/@alice/webshop').messages.create(questionOf('hello'));
    const rows = await far.engine.settled(2);
    const wouldCostNanoUsd = rows.find(({ status }) => status === 'refused')?.wouldCostNanoUsd ?? 0;
    const refused = { calls: 1, wouldCostNanoUsd, unpricedCalls: 0 };

    const total = async (query: string) => (await far.engine.get(`/api/calls/total?${query}`)).json();
    expect(callsTotalSchema.parse(await total('status=refused'))).toMatchObject({ calls: 1, costNanoUsd: 0, refused });
    expect(callsTotalSchema.parse(await total('member=alice'))).toMatchObject({ calls: 2, refused });
    expect(monthViewSchema.parse(await (await far.engine.get('/api/month')).json())).toMatchObject({ refused });
    const report = spawnSync(process.execPath, [cli, 'report', '--home', far.engine.home], { encoding: 'utf8' });
    expect(report.stdout).toContain(
      `1 of these calls was refused by limits and cost nothing; it would have cost about ${formatUsd(wouldCostNanoUsd, 4)}.`,
    );
  });

  it('is told to the host once, however often its client asks again', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    for (let index = 0; index < 4; index++)
      await refusalOf(far.client('/@alice').messages.create(questionOf(textOf(9_000))));
    expect(far.notices).toHaveLength(1);
    expect(far.notices[0]).toContain('prompt is too long');
    expect(await far.engine.settled(4)).toHaveLength(4);
  });

  it('leaves nothing of its prompt or its key in the home folder', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const client = far.client();
    await refusalOf(client.messages.create(questionOf(textOf(9_000, 'confidential'))));
    await client.messages.create(questionOf(textOf(4_700, 'confidential')));
    await far.engine.settled(2);
    expect((await far.live(1)).conversations[0]?.warnings.length).toBeGreaterThan(0);
    await far.engine.stop();
    const files = readdirSync(far.engine.home, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(files.map(({ name }) => name)).toContain('ledger.sqlite');
    for (const { parentPath, name } of files) {
      const text = readFileSync(join(parentPath, name), 'latin1');
      expect(text).not.toContain('confidential');
      expect(text).not.toContain('sk-ant-test');
    }
    await far.engine.start();
  });

  it('was asked for as a stream and is answered with an error all the same', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const error = await refusalOf(
      far
        .client()
        .messages.stream(questionOf(textOf(9_000)))
        .finalMessage(),
    );
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain('prompt is too long');
  });
});

describe('the call ceiling', () => {
  it('stops a call that is expected to cost more, with what the ceiling pays for', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: null, callCeilingUsd: 0.1 } });
    await far.client().messages.create(questionOf('hello'));
    const error = await refusalOf(far.client().messages.create(questionOf(textOf(60_000))));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error.message).toMatch(
      /prompt is too long: \d+ tokens > \d+ maximum, which is what the call ceiling of \$0\.10 pays for\./,
    );
    expect(far.anthropic.served()).toHaveLength(1);
  });

  it('and the context limit are as a project has them', async () => {
    const projects = { research: { contextLimitTokens: null, callCeilingUsd: null } };
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000, callCeilingUsd: 0.01, projects } });
    await far.client('/@alice/research').messages.create(questionOf(textOf(9_000)));
    expect(await refusalOf(far.client('/@alice/webshop').messages.create(questionOf(textOf(9_000))))).toMatchObject({
      status: 400,
    });
  });
});

describe('what is no message', () => {
  it('is never refused: count_tokens and the models', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 1_000, callCeilingUsd: 0.01 } });
    const client = far.client();
    const { messages } = questionOf(textOf(20_000));
    expect((await client.messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(15_000);
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
  });

  it('nor by a budget that is spent, which stops messages', async () => {
    far = await startLimitedEngine({ limits: { budgets: [{ of: 'team', per: 'month', usd: 0.01 }] } });
    const client = far.client();
    await client.messages.create(questionOf(textOf(20_000)));
    expect(await refusalOf(client.messages.create(questionOf('hello')))).toMatchObject({ status: 429 });
    expect((await client.messages.countTokens(questionOf('hello'))).input_tokens).toBeGreaterThan(0);
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
    // The simulated Anthropic has no batches: what it answers for them comes from there.
    expect(await refusalOf(client.messages.batches.retrieve('msgbatch_1'))).toMatchObject({ status: 404 });
  });
});

describe('a conversation that was let on', () => {
  it('for an hour goes on for an hour, over a restart, and is counted', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const question = questionOf(textOf(9_000));
    await refusalOf(far.client().messages.create(question));
    const [row] = await far.engine.settled(1);
    expect((await far.live()).refused).toMatchObject([{ conversation: row?.conversation, letOn: null }]);
    const path = `/api/conversations/${encodeURIComponent(row?.conversation ?? '')}`;
    const answer = letOnAnswerSchema.parse(await far.engine.post(`${path}/allow`, { forMs: 3_600_000 }));
    expect(answer.letOn?.untilMs).toBeGreaterThan(far.clock.nowMs() + 3_590_000);
    // It has no card before its first turn; the stopped call itself says that it waits for nobody.
    expect(badgesOf(await far.live())).toEqual({});
    expect((await far.live()).refused).toMatchObject([{ letOn: answer.letOn }]);

    await far.client().messages.create(question);
    await far.engine.restart();
    await far.client().messages.create(question);
    const [conversation] = (await far.live(1)).conversations;
    expect(conversation?.letOn).toEqual(answer.letOn);
    expect((await far.limits()).letOn).toEqual([{ conversation: row?.conversation, untilMs: answer.letOn?.untilMs }]);

    far.clock.putAhead(3_600_000);
    await refusalOf(far.client().messages.create(question));
    expect((await far.limits()).letOn).toEqual([]);
  });

  it('for good goes on until that is taken back, also where its name holds a slash', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const headers = { 'x-claude-code-session-id': 'session one', 'x-claude-code-agent-id': 'agent/1' };
    const call = () => far.client().messages.create(questionOf(textOf(9_000)), { headers });
    await refusalOf(call());
    const path = `/api/conversations/${encodeURIComponent('session one/agent/1')}`;
    await far.engine.post(`${path}/allow`, { forMs: null });
    await call();
    await far.engine.post(`${path}/revoke`, {});
    await refusalOf(call());
  });
});

describe('a message batch', () => {
  /** Submits it, and says with which status and sentence it was refused; the sandbox has no batches, and answers 404. */
  async function submit(texts: readonly string[], path = '/@alice'): Promise<string> {
    const requests = texts.map((text, index) => ({ custom_id: `r${index}`, params: questionOf(text) }));
    const error = await refusalOf(far.client(path).messages.batches.create({ requests }));
    return `${error.status} ${error.message}`;
  }

  it('with a request over the context limit is refused before it is submitted, and in the ledger', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    expect(await submit(['hello', textOf(9_000)])).toMatch(/^400 .*prompt is too long: \d+ tokens > 5000 maximum/);
    expect(far.anthropic.requestCount()).toBe(0);
    expect(await far.engine.settled(1)).toMatchObject([{ status: 'refused', member: 'alice', requestedModel: model }]);
    expect(await submit(['hello', 'you'])).toMatch(/^404/);
    expect(far.anthropic.requestCount()).toBe(1);
  });

  it('that together costs more than a budget has room for is refused, at half the price of its requests', async () => {
    const budgets = [{ of: 'member' as const, per: 'day' as const, usd: 0.3 }];
    far = await startLimitedEngine({ limits: { budgets } });
    await far.client('/@alice').messages.create(questionOf(textOf(20_000)));
    const [first] = await far.engine.settled(1);
    const room = 300_000_000 - (first?.costNanoUsd ?? 0);
    const fitting = Math.floor(room / ((first?.costNanoUsd ?? 1) / 2));
    const batchOf = (count: number) => Array.from({ length: count }, (_, index) => textOf(20_000, `batch ${index}`));
    expect(await submit(batchOf(fitting - 1))).toMatch(/^404/);
    expect(await submit(batchOf(fitting + 2))).toMatch(/^429 .*spend limit reached/);
    expect((await far.limits()).budgets).toMatchObject([{ reservedNanoUsd: 0 }]);
  });
});
