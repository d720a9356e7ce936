/**
 * Member keys and assigning, end to end: the real SDK with a key in place of an API key, what Anthropic sees of it, whose call it is, and what of it is
 * left anywhere on the disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import Anthropic, { AuthenticationError } from '@anthropic-ai/sdk';
import AnthropicBefore1 from 'anthropic-sdk-0x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { madeKeySchema, memberKeysViewSchema, type MadeKey } from '../../shared/contract/keys.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { openFileLog } from '../../main/system/log.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const ours = 'sk-ant-ours-0123456789';
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-keys-'));
const log = openFileLog(join(home, 'logs', 'tollkeeper.log'));
const settings = { customers: { projects: { webshop: 'cus_shop' }, members: { alice: 'cus_alice' } } };
let anthropic: SandboxAnthropic;
let watcher: Server;
let engine: TestEngine;
/** Header names and values of every request that reached the far side. */
const seen: string[][] = [];

/** Stands before the simulated Anthropic and writes down what it is sent. */
async function startWatcher(target: string): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming.rawHeaders);
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => void answer());
    async function answer(): Promise<void> {
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = incoming.headers;
      const response = await fetch(`${target}${incoming.url}`, {
        method: incoming.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  writeFileSync(join(home, 'settings.json'), JSON.stringify(settings));
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  watcher = await startWatcher(anthropic.url);
  const upstream = `http://127.0.0.1:${(watcher.address() as AddressInfo).port}`;
  engine = await startTestEngine({ upstream, home, settings, anthropicApiKey: ours, log });
});

afterAll(async () => {
  await engine.close();
  log.close();
  watcher.close();
  await anthropic.close();
  rmSync(home, { recursive: true, force: true });
});

const question = { model: 'claude-haiku-5-5', max_tokens: 50, messages: [{ role: 'user' as const, content: 'hello' }] };
const call = (apiKey: string, path = '') =>
  new Anthropic({ apiKey, baseURL: `${engine.proxyUrl}${path}`, maxRetries: 2 }).messages.create(question);
const create = async (body: object): Promise<MadeKey> => madeKeySchema.parse(await engine.post('/api/keys', body));

/** The engine is in this process, so nothing here may wait for another one without letting it answer. */
async function tollkeeper(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC', ANTHROPIC_API_KEY: ours };
  const child = spawn(process.execPath, [cli, ...args, '--home', home], { env });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { status, stdout, stderr };
}

/** Every file of the home folder that holds this text. */
function filesWith(text: string): string[] {
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(text));
}

const made: string[] = [];
const lastExported = () => engine.exported().at(-1);

describe('a member key', () => {
  it('works in the place of an API key, in either header; Anthropic sees ours in the same one', async () => {
    const { secret } = await create({ member: 'alice', project: 'webshop', name: 'laptop' });
    made.push(secret);
    seen.length = 0;
    await call(secret);
    await new AnthropicBefore1({ apiKey: secret, baseURL: engine.proxyUrl }).messages.create(question);
    await engine.settled(2);

    const headers = seen.map((raw) =>
      Object.fromEntries(raw.flatMap((_, at) => (at % 2 ? [] : [[raw[at]?.toLowerCase(), raw[at + 1]]]))),
    );
    expect(headers[0]).toMatchObject({ authorization: `Bearer ${ours}` });
    expect(headers[0]).not.toHaveProperty('x-api-key');
    expect(headers[1]).toMatchObject({ 'x-api-key': ours });
    expect(seen.flat().join('\n')).not.toContain('tk_');
    for (const row of engine.exported())
      expect(row).toMatchObject({ status: 'complete', member: 'alice', project: 'webshop', customer: 'cus_shop' });
  });

  it('names its member whatever the request says, and passes count_tokens and models', async () => {
    const { secret } = await create({ member: 'bo' });
    made.push(secret);
    seen.length = 0;
    await call(secret, '/@eve/side');
    expect((await engine.settled(3))[0]).toMatchObject({ member: 'bo', project: 'side' });
    const client = new Anthropic({ apiKey: secret, baseURL: engine.proxyUrl });
    await client.messages.countTokens({ model: question.model, messages: question.messages });
    await client.models.list();
    expect(seen).toHaveLength(3);
    expect(seen.flat().join('\n')).not.toMatch(/tk_|x-tollkeeper|eve/i);
  });

  it('that is rotated works beside the new one; rotated at once, or revoked, it is refused, not retried and not sent', async () => {
    const { secret: old, key } = await create({ member: 'carla' });
    const { secret: fresh } = madeKeySchema.parse(await engine.post(`/api/keys/${key.id}/rotate`, {}));
    made.push(old, fresh);
    await call(old);
    await call(fresh);
    await engine.settled(5);
    const { secret: last } = madeKeySchema.parse(await engine.post(`/api/keys/${key.id}/rotate`, { isNow: true }));
    made.push(last);
    seen.length = 0;
    for (const gone of [old, fresh]) {
      const error = await call(gone).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ status: 401, error: { type: 'error', error: { type: 'authentication_error' } } });
      expect(String(error)).toContain('was replaced by a newer one');
      expect(String(error)).not.toContain(gone);
    }
    await engine.post(`/api/keys/${key.id}/revoke`, {});
    await expect(call(last)).rejects.toThrow('this member key was revoked. Ask for a new one');
    await expect(call('tk_never-was-one-of-ours')).rejects.toThrow('this member key is not known here');
    expect(seen).toEqual([]);
    expect(engine.exported()).toHaveLength(5);
  });

  it('is known after a restart, and stands in no file of the home folder, nor does ours', async () => {
    await engine.restart();
    await call(made[0] ?? '');
    await engine.settled(6);
    log.info('a line', { key: made[0] ?? '' });
    expect(made).toHaveLength(5);
    for (const secret of [...made, ours]) expect(filesWith(secret)).toEqual([]);
    expect(filesWith('"sha256"')).toEqual([join(home, 'member-keys.json')]);
    const view = await (await engine.get('/api/keys')).text();
    expect(memberKeysViewSchema.parse(JSON.parse(view))).toMatchObject({ hasAnthropicKey: true });
    for (const secret of made) expect(view).not.toContain(secret);
  });

  it('is refused with what to do where Tollkeeper has no Anthropic key', async () => {
    const bare = await startTestEngine({ upstream: anthropic.url });
    try {
      const { secret } = madeKeySchema.parse(await bare.post('/api/keys', { member: 'alice' }));
      const client = new Anthropic({ apiKey: secret, baseURL: bare.proxyUrl });
      const error = await client.messages.create(question).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(String(error)).toContain('start Tollkeeper with ANTHROPIC_API_KEY set.');
    } finally {
      await bare.close();
    }
  });
});

describe('a client that names its user', () => {
  const account = '4d5c7a0e-6f0b-4a53-9d55-0d3f5a2c9a11';
  const session = '0f6074fc-a0f5-4d56-8de0-f4a592ddcf3b';
  const ask = (user_id: string) =>
    new Anthropic({ apiKey: 'sk-ant-own', baseURL: engine.proxyUrl }).messages.create({
      ...question,
      metadata: { user_id },
    });

  it('has user and session in the ledger, and its unassigned calls are found and assigned by them', async () => {
    const before = engine.exported().length;
    await ask(`user_abc_account_${account}_session_${session}`);
    await ask(JSON.stringify({ device_id: 'd', account_uuid: account, session_id: 'another' }));
    await ask('customer-17');
    const [third, second, first] = await engine.settled(before + 3);
    const details = await Promise.all([first, second, third].map((row) => engine.call(row?.id ?? '')));
    expect(details.map(({ clientUser, conversation }) => [clientUser, conversation])).toEqual([
      [account, session],
      [account, 'another'],
      ['customer-17', expect.stringContaining('prompt_')],
    ]);
    expect((await tollkeeper('assign', '--user', account, '--member', 'eva')).stdout).toBe(
      '2 calls are assigned to eva.\n',
    );
    const left = await (await engine.get('/api/calls?member=&user=customer-17')).json();
    expect(left).toMatchObject({ calls: [{ id: third?.id, member: null }] });
  });
});

describe.each([['while an engine runs'], ['with nothing running']])('the CLI %s', (when) => {
  beforeAll(async () => {
    if (when === 'with nothing running') await engine.stop();
  });
  afterAll(async () => {
    if (when === 'with nothing running') await engine.start();
  });

  it('makes a key that is alone on stdout, lists, renames, rotates and revokes it', async () => {
    const created = await tollkeeper('keys', 'create', 'dora', '--project', 'webshop', '--name', 'build machine');
    expect([created.status, created.stdout]).toEqual([0, expect.stringMatching(/^tk_[\w-]{43}\n$/)]);
    const id = /^(key_\d+) is a key for dora · webshop\. It is shown this once/.exec(created.stderr)?.[1] ?? '';
    expect((await tollkeeper('keys', 'rename', id, 'old laptop')).stdout).toContain('“old laptop”');
    const listed = (await tollkeeper('keys')).stdout;
    expect(listed).toMatch(new RegExp(`${id} +dora +webshop +old laptop +tk_….{4} +\\d{4}-\\d\\d-\\d\\d +works\\n`));
    expect(listed).not.toContain(created.stdout.trim());
    const rotated = await tollkeeper('keys', 'rotate', id);
    expect(rotated.stderr).toContain('The old key works for another 24 hours (--now ends it at once).');
    expect(rotated.stdout).not.toBe(created.stdout);
    expect((await tollkeeper('keys')).stdout).toContain('works; the old one for 24 more hours');
    expect((await tollkeeper('keys', 'revoke', id)).stdout).toContain('calls with it are refused from now on.');
    expect(await tollkeeper('keys', 'rotate', id)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is revoked'),
    });
    expect(await tollkeeper('keys', 'revoke', 'key_99')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('There is no member key key_99. See `tollkeeper keys`'),
    });
    for (const { stdout } of [created, rotated]) expect(filesWith(stdout.trim())).toEqual([]);
  });

  it('assigns calls that have no member: one, those of a conversation, those of a client', async () => {
    if (when === 'with nothing running') await engine.start();
    const before = engine.exported().length;
    const agent = `tool-${before}/1.0`;
    const client = new Anthropic({
      apiKey: 'sk-ant-own',
      baseURL: engine.proxyUrl,
      defaultHeaders: { 'user-agent': agent },
    });
    const send = (text: string, ...further: Anthropic.MessageParam[]) =>
      client.messages.create({
        ...question,
        messages: [{ role: 'user', content: `${text} ${when}` }, ...further],
      });
    await send('one');
    const { content } = await send('two');
    await send('two', { role: 'assistant', content }, { role: 'user', content: 'and then?' });
    await send('three');
    await engine.settled(before + 4);
    const rows = engine.exported().slice(-4);
    expect(rows.map(({ member }) => member)).toEqual([null, null, null, null]);
    if (when === 'with nothing running') await engine.stop();

    const [one, two] = rows;
    expect((await tollkeeper('assign', one?.id ?? '', '--member', 'alice')).stdout).toBe(
      '1 call is assigned to alice.\n',
    );
    expect(
      (await tollkeeper('assign', '--conversation', two?.conversation ?? '', '--member', 'bo', '--project', 'webshop'))
        .stdout,
    ).toBe('2 calls are assigned to bo · webshop.\n');
    const rest = ['assign', '--unassigned-of', `tool-${before}`, '--member', 'carla'];
    expect((await tollkeeper(...rest, '--json')).stdout).toBe('{"assigned":1,"already":0}\n');
    expect(await tollkeeper(...rest)).toMatchObject({ status: 1, stdout: 'No unassigned call of this client.\n' });
    expect(
      engine
        .exported()
        .slice(-4)
        .map(({ member, project, customer }) => [member, project, customer]),
    ).toEqual([
      ['alice', null, 'cus_alice'],
      ['bo', 'webshop', 'cus_shop'],
      ['bo', 'webshop', 'cus_shop'],
      ['carla', null, null],
    ]);
    expect(engine.verify().findings).toEqual([]);
    expect(lastExported()?.member).toBe('carla');
  });
});

describe('the CLI', () => {
  it.each([
    [['assign', '--member', 'alice'], 'Which calls is not said.'],
    [['assign', 'call_1', '--conversation', 'c', '--member', 'alice'], 'Only one of'],
    [['assign', 'call_1'], "required option '--member <name>'"],
    [['assign', 'call_1', '--member', ' '], '1 to 100 characters'],
    [['keys', 'create', ' '], '1 to 100 characters'],
  ])('refuses %j and says what to do', async (args, words) => {
    expect(await tollkeeper(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(words) });
  });

  it('says which call there is none of', async () => {
    expect(await tollkeeper('assign', 'call_none', '--member', 'alice')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('There is no settled call with this id.'),
    });
  });
});
