/** The team's keys without the desktop app: which are known from the environment, and what to set instead of entering one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { apiErrorSchema } from '../../shared/contract/api-error.ts';
import { secretsViewSchema } from '../../shared/contract/secrets.ts';
import { openFileLog, type Log } from '../../main/system/log.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const key = 'sk-ant-api03-NEVERSEENAGAIN';
let home: string;
let engine: TestEngine;
let log: Log;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-headless-'));
  log = openFileLog(join(home, 'test.log'));
  engine = await startTestEngine({ upstream: 'http://127.0.0.1:9', home, log, anthropicApiKey: key });
});
afterAll(async () => {
  await engine.close();
  log.close();
  rmSync(home, { recursive: true, force: true });
});

describe('the team’s keys without the desktop app', () => {
  it('are told by the environment that has them, and never shown', async () => {
    const text = await (await engine.get('/api/secrets')).text();
    expect(text).not.toContain('NEVERSEENAGAIN');
    expect(secretsViewSchema.parse(JSON.parse(text))).toEqual({
      keeper: 'environment',
      unavailable: null,
      trouble: null,
      secrets: [
        { name: 'anthropicApiKey', source: 'environment', isKept: false },
        { name: 'stripeApiKey', source: null, isKept: false },
        { name: 'anthropicAdminKey', source: null, isKept: false },
      ],
    });
  });

  it('cannot be entered: the answer says what to set, and what was sent is nowhere', async () => {
    for (const method of ['PUT', 'DELETE']) {
      const answer = await engine.ask(method, '/api/secrets/stripeApiKey', { value: 'sk_live_NEVERSEENAGAIN' });
      expect(answer.status).toBe(400);
      const text = await answer.text();
      expect(apiErrorSchema.parse(JSON.parse(text)).error).toEqual({
        code: 'bad_usage',
        message: 'Without the desktop app there is no keychain to keep a key in.',
        remedy:
          'Set it where Tollkeeper is started (ANTHROPIC_API_KEY, STRIPE_API_KEY, ANTHROPIC_ADMIN_KEY), and start it again.',
      });
    }
    await engine.stop();
    expect(readFileSync(join(home, 'test.log'), 'utf8')).not.toContain('NEVERSEENAGAIN');
    await engine.start();
  });
});
