/**
 * The team's keys in the desktop app, over real Request objects, a vault and the real engine process: entered, replaced, removed, in use without a restart, and
 * never seen again by the page, the log, an error or the disk.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { apiErrorSchema } from '../../shared/contract/api-error.ts';
import { madeKeySchema, memberKeysViewSchema } from '../../shared/contract/keys.ts';
import { secretsViewSchema, type SecretName } from '../../shared/contract/secrets.ts';
import { createKeychain } from '../kit/cipher-keychain.ts';
import { startDesktop, type Desktop, type DesktopOptions } from '../kit/desktop.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const first = 'sk-ant-api03-FIRSTKEYFIRSTKEY';
const second = 'sk-ant-api03-SECONDKEYSECONDKEY';
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-5-5',
  content: [{ type: 'text', text: 'hello' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 2 },
};

let home: string;
let upstream: Upstream;
/** Of the calls that came through, in order. */
let keys: string[];
let answered: Promise<void>;
let desktop: Desktop | null;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-secrets-'));
  [keys, answered, desktop] = [[], Promise.resolve(), null];
  upstream = await startUpstream(async ({ rawHeaders }, response) => {
    keys.push(
      rawHeaders.map((value) => value.replace('Bearer ', '')).find((value) => value.startsWith('sk-ant-')) ?? '',
    );
    const id = `msg_${keys.length}`;
    await answered;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...message, id }));
  });
});

afterEach(async () => {
  await desktop?.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

async function open(more: Partial<DesktopOptions> = {}): Promise<Desktop> {
  desktop = await startDesktop({ home, upstream: upstream.url, ...more });
  return desktop;
}

const put = (app: Desktop, name: string, value: unknown) =>
  app.fetch(`/api/secrets/${name}`, { method: 'PUT', body: JSON.stringify({ value }) });
const view = async (app: Desktop) => secretsViewSchema.parse(await (await app.fetch('/api/secrets')).json());
const standing = async (app: Desktop, name: SecretName) =>
  (await view(app)).secrets.find((secret) => secret.name === name);
const refusal = async (answer: Response) => ({
  status: answer.status,
  ...apiErrorSchema.parse(await answer.json()).error,
});

async function memberKey(app: Desktop): Promise<string> {
  const made = await app.fetch('/api/keys', { method: 'POST', body: JSON.stringify({ member: 'alice' }) });
  return madeKeySchema.parse(await made.json()).secret;
}

const call = (proxyUrl: string, apiKey: string) =>
  new Anthropic({ apiKey, baseURL: proxyUrl, maxRetries: 0 }).messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'hello' }],
  });

/** Every byte of the home folder, as text. */
function onDisk(folder = home): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return onDisk(path);
      return statSync(path).isFile() ? readFileSync(path, 'latin1') : '';
    })
    .join('\n');
}

describe('a key that is entered in the window', () => {
  it('is in use for the next call, without a restart and without touching a call on its way', async () => {
    const app = await open();
    const { proxyUrl } = await app.ready();
    const member = await memberKey(app);
    expect(await standing(app, 'anthropicApiKey')).toEqual({ name: 'anthropicApiKey', source: null, isKept: false });
    await expect(call(proxyUrl, member)).rejects.toThrow('there is no Anthropic key here to send it with');

    const saved = await put(app, 'anthropicApiKey', `  ${first}\n`);
    expect(saved.status).toBe(200);
    expect(await standing(app, 'anthropicApiKey')).toEqual({ name: 'anthropicApiKey', source: 'vault', isKept: true });
    await expect
      .poll(async () => memberKeysViewSchema.parse(await (await app.fetch('/api/keys')).json()).hasAnthropicKey)
      .toBe(true);
    await call(proxyUrl, member);
    expect(keys).toEqual([first]);

    const { promise, resolve: letAnswer } = Promise.withResolvers<void>();
    answered = promise;
    const underWay = call(proxyUrl, member);
    await expect.poll(() => keys.length).toBe(2);
    await put(app, 'anthropicApiKey', second);
    // The engine hears of it over its own channel; the next call that it takes after that has the new one.
    await expect
      .poll(async () => {
        answered = Promise.resolve();
        await call(proxyUrl, member);
        return keys.at(-1);
      })
      .toBe(second);
    letAnswer();
    expect((await underWay).content).toHaveLength(1);
    expect(keys[1]).toBe(first);
    expect(app.children).toHaveLength(1);
  });

  it('is in use by an engine that is started again after it died, and by the app after a restart', async () => {
    const keychain = createKeychain();
    const app = await open({ keychain });
    await app.ready();
    const member = await memberKey(app);
    await put(app, 'anthropicApiKey', first);
    app.children[0]?.kill('SIGKILL');
    await expect.poll(() => app.children.length, { timeout: 8_000 }).toBe(2);
    await call((await app.ready()).proxyUrl, member);
    await app.close();
    const again = await open({ keychain });
    await call((await again.ready()).proxyUrl, member);
    expect(keys).toEqual([first, first]);
    expect(await standing(again, 'anthropicApiKey')).toMatchObject({ source: 'vault' });
  });

  it('is taken away again, and calls with member keys are refused', async () => {
    const app = await open();
    const { proxyUrl } = await app.ready();
    const member = await memberKey(app);
    await put(app, 'anthropicApiKey', first);
    const gone = await app.fetch('/api/secrets/anthropicApiKey', { method: 'DELETE' });
    expect(gone.status).toBe(200);
    expect(await standing(app, 'anthropicApiKey')).toMatchObject({ source: null, isKept: false });
    await expect
      .poll(() =>
        call(proxyUrl, member).then(
          () => 'passed',
          (error: unknown) => String(error),
        ),
      )
      .toContain('there is no Anthropic key here');
  });

  it('comes back in no answer and stands in no file, log or error', async () => {
    const app = await open();
    await app.ready();
    const answers: string[] = [];
    const keep = async (answer: Response) => {
      answers.push(await answer.clone().text(), JSON.stringify([...answer.headers]));
      return answer;
    };
    await keep(await put(app, 'anthropicApiKey', first));
    await keep(await put(app, 'stripeApiKey', 'sk_live_SECRETOFSTRIPE'));
    await keep(await put(app, 'anthropicAdminKey', 'sk-ant-admin01-SECRETOFADMIN'));
    for (const name of ['anthropicApiKey', 'stripeApiKey', 'anthropicAdminKey', 'nothing'])
      await keep(await put(app, name, `${first} and more`));
    for (const body of [first, `{"value":"${first}"`, JSON.stringify({ value: first, more: first }), `"${first}"`])
      await keep(await app.fetch('/api/secrets/stripeApiKey', { method: 'PUT', body }));
    for (const path of ['secrets', 'status', 'live', 'keys', 'limits', 'limits/settings', 'stripe', 'calls'])
      await keep(await app.fetch(`/api/${path}`));
    await app.close();
    const everything = `${answers.join('\n')}\n${onDisk()}`;
    expect(answers.length).toBeGreaterThan(30);
    for (const word of ['FIRSTKEY', 'SECRETOFSTRIPE', 'SECRETOFADMIN']) expect(everything).not.toContain(word);
  });
});

describe('what cannot be kept', () => {
  it('is told with what to do, and changes nothing', async () => {
    const app = await open();
    await put(app, 'anthropicApiKey', first);
    expect(await refusal(await put(app, 'stripeApiKey', 'pk_live_publishable'))).toMatchObject({
      status: 400,
      message: 'This is a publishable key of Stripe, which may not write.',
    });
    expect(await refusal(await put(app, 'anthropicApiKey', ''))).toMatchObject({ status: 400, code: 'bad_usage' });
    expect(await refusal(await put(app, 'anthropicApiKey', 'x'.repeat(30_000)))).toMatchObject({ status: 400 });
    expect(await refusal(await put(app, 'password', 'abcdefghij'))).toMatchObject({ status: 404 });
    expect((await app.fetch('/api/secrets', { method: 'POST' })).status).toBe(404);
    expect((await app.fetch('/api/secrets/anthropicApiKey')).status).toBe(404);
    expect(app.keeper.secrets().anthropicApiKey).toBe(first);
  });

  it('since a variable says it, names the variable; what is kept can be taken away all the same', async () => {
    const keychain = createKeychain();
    const before = await open({ keychain });
    await put(before, 'anthropicApiKey', first);
    await before.close();
    const app = await open({ keychain, environment: { anthropicApiKey: second } });
    expect(await standing(app, 'anthropicApiKey')).toMatchObject({ source: 'environment', isKept: true });
    expect(await refusal(await put(app, 'anthropicApiKey', first))).toMatchObject({
      status: 400,
      message: 'This key is set by ANTHROPIC_API_KEY, which wins over one that is kept.',
    });
    expect((await app.fetch('/api/secrets/anthropicApiKey', { method: 'DELETE' })).status).toBe(200);
    expect(await standing(app, 'anthropicApiKey')).toMatchObject({ source: 'environment', isKept: false });
    expect(app.keeper.secrets().anthropicApiKey).toBe(second);
  });

  it('where there is no keychain, says so and what to set', async () => {
    const app = await open({ keychain: createKeychain({ isAvailable: async () => false }) });
    expect((await view(app)).unavailable).toBe('This system offers no keychain, so keys are not kept.');
    expect(await refusal(await put(app, 'anthropicApiKey', first))).toMatchObject({
      status: 409,
      remedy: 'Set ANTHROPIC_API_KEY, STRIPE_API_KEY, ANTHROPIC_ADMIN_KEY in the environment instead.',
    });
  });

  it('where what was kept cannot be read any more, starts all the same, and keeps the old file beside the new one', async () => {
    const before = await open();
    await put(before, 'anthropicApiKey', first);
    await before.close();
    const app = await open();
    await app.ready();
    const seen = await view(app);
    expect(seen.trouble?.message).toMatch(/^The kept keys cannot be read any more/);
    expect(seen.trouble?.remedy).toMatch(/^Enter the keys again/);
    await put(app, 'stripeApiKey', 'rk_test_another');
    expect(await view(app)).toMatchObject({ trouble: null });
    expect(readdirSync(home)).toEqual(expect.arrayContaining(['secrets.vault', 'secrets.vault.unreadable']));
    expect(app.keeper.secrets()).toMatchObject({ anthropicApiKey: null, stripeApiKey: 'rk_test_another' });
  });

  it('in a demo, is not asked for', async () => {
    const app = await open({ isDemo: true });
    expect(await view(app)).toMatchObject({ keeper: 'demo', secrets: [{ source: null }, {}, {}] });
    expect(await refusal(await put(app, 'anthropicApiKey', first))).toMatchObject({ status: 400 });
  });

  it('and two that come at once are both kept', async () => {
    const app = await open();
    await Promise.all([put(app, 'anthropicApiKey', first), put(app, 'stripeApiKey', 'sk_test_both')]);
    expect(app.keeper.secrets()).toMatchObject({ anthropicApiKey: first, stripeApiKey: 'sk_test_both' });
  });
});
