/** A call that reached Anthropic has a ledger row, whatever is killed when (invariant 3): the engine as a process of its own, and SIGKILL. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readJournal } from '../../main/ledger/read-journal.ts';
import { journalFolderOf } from '../../main/ledger/open.ts';
import { ledgerFileName } from '../../main/ledger/ledger-file.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { openRaw, raw } from '../kit/raw-http.ts';
import { startTestEngine } from '../kit/test-engine.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let home: string;
let anthropic: SandboxAnthropic;
let child: ChildProcess | null = null;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-crash-'));
  anthropic = await startSandboxAnthropic({ clock: systemClock });
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await anthropic.close();
  rmSync(home, { recursive: true, force: true });
});

async function serve(): Promise<string> {
  const started = spawn(
    process.execPath,
    [cli, 'serve', '--json', '--home', home, '--port', '0', '--ui-port', '0', '--upstream', anthropic.url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child = started;
  const [line] = (await once(started.stdout, 'data')) as [Buffer];
  return (JSON.parse(line.toString()) as { proxy: string }).proxy;
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  if (!child) throw new Error('nothing runs');
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

const body = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 300,
  stream: true,
  messages: [{ role: 'user', content: 'hello '.repeat(50) }],
});
const headers = { 'x-api-key': 'sk-ant-test' };
const post = { method: 'POST', body, headers };

describe('an engine that is killed', () => {
  it('has the calls in flight on the disk, and settles them as partial and unpriced at the next start', async () => {
    const proxyUrl = await serve();
    await raw(`${proxyUrl}/v1/messages`, post);
    const slow = { ...post, headers: { ...headers, 'x-sandbox-fault': 'slow=200' } };
    const running = await Promise.all([1, 2, 3].map(() => openRaw(`${proxyUrl}/v1/messages`, slow)));
    for (const incoming of running) {
      incoming.on('error', () => {});
      await once(incoming, 'data');
    }

    await kill('SIGKILL');

    expect(readJournal(journalFolderOf(join(home, ledgerFileName))).unsettled).toHaveLength(3);
    const engine = await startTestEngine({ upstream: anthropic.url, home });
    const calls = engine.exported();
    expect(calls).toHaveLength(anthropic.served().length);
    expect(calls.map(({ status }) => status).toSorted()).toEqual(['complete', 'partial', 'partial', 'partial']);
    for (const call of calls.filter(({ status }) => status === 'partial')) {
      expect(call).toMatchObject({ estimated: true, cost_nano_usd: null, requested_model: 'claude-sonnet-5-5' });
      expect(call.unpriced_reason).toContain('was stopped while this call was on its way');
    }
    expect(engine.verify().findings).toEqual([]);
    await engine.close();
  });

  it('settles what is in flight when it is asked to stop, and exits 0', async () => {
    const proxyUrl = await serve();
    const incoming = await openRaw(`${proxyUrl}/v1/messages`, {
      ...post,
      headers: { ...headers, 'x-sandbox-fault': 'slow=500' },
    });
    incoming.on('error', () => {});
    await once(incoming, 'data');

    expect(await kill('SIGTERM')).toBe(0);

    expect(readJournal(journalFolderOf(join(home, ledgerFileName)))).toEqual({ unsettled: [], settles: [] });
    const engine = await startTestEngine({ upstream: anthropic.url, home });
    const [call] = engine.exported();
    expect(call).toMatchObject({
      status: 'partial',
      estimated: true,
      input_tokens: anthropic.served()[0]?.usage['input_tokens'],
    });
    expect(call?.cost_nano_usd).toBeGreaterThan(0);
    await engine.close();
  });
});
