/** The CLI as a person runs it: real processes, while `serve` runs and while it does not. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportedCallSchema, exportColumns } from '../../shared/contract/export.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { raw } from '../kit/raw-http.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-cli-'));
const environment = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC' };
let anthropic: SandboxAnthropic;
let server: ChildProcess;
let urls: { proxy: string; dashboard: string; home: string };

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: environment,
  });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  const flags = ['serve', '--json', '--home', home, '--port', '0', '--ui-port', '0', '--upstream', anthropic.url];
  server = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'inherit'], env: environment });
  const [line] = (await once(server.stdout ?? server, 'data')) as [Buffer];
  urls = JSON.parse(line.toString()) as typeof urls;
  const body = JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'a question' }],
  });
  for (const who of ['@alice/webshop', '@bo/=1+1']) {
    await raw(`${urls.proxy}/${encodeURI(who)}/v1/messages`, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer sk-ant-test' },
    });
  }
});

afterAll(async () => {
  server.kill('SIGKILL');
  await anthropic.close();
  rmSync(home, { recursive: true, force: true });
});

describe.each([['while serve runs'], ['with nothing running']])('%s', (when) => {
  beforeAll(async () => {
    if (when === 'while serve runs') return;
    const exited = once(server, 'exit');
    server.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  it('report sums the month', () => {
    const json = run('report', '--home', home, '--by', 'member', '--json');
    expect(json.status).toBe(0);
    const report = JSON.parse(json.stdout) as {
      total: { calls: number; costNanoUsd: number };
      rows: { member: string }[];
      isDemo: boolean;
    };
    expect(report).toMatchObject({ isDemo: false, total: { calls: 2 } });
    expect(report.rows.map(({ member }) => member).toSorted()).toEqual(['alice', 'bo']);
    const table = run('report', '--home', home).stdout;
    expect(table).toContain('2 calls');
    expect(table).toContain('webshop');
  });

  it('export prints a call a line, as JSON and as CSV that no spreadsheet runs', () => {
    const lines = run('export', '--home', home).stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) exportedCallSchema.parse(JSON.parse(line));
    const csv = run('export', '--home', home, '--format', 'csv').stdout.split('\r\n');
    expect(csv[0]).toBe(exportColumns.join(','));
    expect(csv.filter((line) => line !== '')).toHaveLength(3);
    expect(csv.join('\n')).toContain(",'=1+1,");
    expect(run('export', '--home', home, '--to', '2020-01-01').stdout).toBe('');
  });

  it('verify, sync and doctor answer', () => {
    expect(run('verify', '--home', home)).toMatchObject({ status: 0, stdout: '2 calls: everything adds up.\n' });
    expect(JSON.parse(run('sync', 'status', '--home', home, '--json').stdout)).toMatchObject({
      waitingEvents: 0,
      unmapped: { calls: 2 },
    });
    const env = { ...environment, TOLLKEEPER_STRIPE_STREAM: '1', STRIPE_API_KEY: 'sk_test_x' };
    const streamed = spawnSync(process.execPath, [cli, 'sync', 'status', '--home', home], { env, encoding: 'utf8' });
    expect(streamed.stdout).toContain('works with live keys only');
    const now = run('sync', 'now', '--home', home);
    expect(now).toMatchObject({ status: 0, stderr: '' });
    expect(now.stdout).toContain('No Stripe key is set');
    const doctor = run('doctor', '--home', home);
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toContain(when === 'while serve runs' ? 'Runs as process' : 'Does not run.');
    // Of a running engine it is the engine's key that counts, wherever that has it from.
    expect(doctor.stdout).toContain(
      when === 'while serve runs'
        ? 'No Stripe key is set.'
        : 'No key in STRIPE_API_KEY: meter events are kept and not sent',
    );
  });
});

describe('the CLI', () => {
  it('refuses a second engine on the same home folder', async () => {
    const flags = ['serve', '--json', '--home', home, '--port', '0', '--ui-port', '0', '--upstream', anthropic.url];
    const first = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'inherit'], env: environment });
    await once(first.stdout, 'data');
    const second = run(...flags);
    first.kill('SIGTERM');
    await once(first, 'exit');
    expect(second.status).toBe(3);
    expect(second.stderr).toMatch(/already runs on this home folder .*\. Stop it first/);
  });

  it('refuses to mix demo data and real data', () => {
    const mixed = run('serve', '--demo', '--home', home, '--port', '0', '--ui-port', '0');
    expect(mixed.status).toBe(3);
    expect(mixed.stderr).toContain('This home folder holds real calls');
  });

  it.each([
    [['nonsense'], 'unknown command'],
    [['report', '--by', 'mood'], 'Choose one of member, project, model, customer, day'],
    [['report', '--month', 'May'], 'Write it as 2026-11'],
    [['serve', '--port', 'high'], 'is not a whole number'],
    [['export', '--format', 'xml'], 'Choose jsonl or csv'],
    [['sync', 'bogus'], 'There are: status, show, now, retry, set-aside, carry-forward, month.'],
    [['sync', 'carry-forward', 'cus_1', '--create'], 'See `tollkeeper sync carry-forward cus_1` for the sum'],
    [['sync', 'carry-forward', 'cus_1', '.20x'], 'Name it as 38.20.'],
    [['serve', '--demo', '--upstream', 'http://x'], 'Leave out --upstream'],
  ])('%j is bad usage and says what to do', (args, words) => {
    const { status, stderr, stdout } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
  });

  it.each(['report', 'export', 'doctor'])('ends quietly when the reader of %s has seen enough', (command) => {
    const line = `"${process.execPath}" "${cli}" ${command} --home "${home}" | head -c 1`;
    const { stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8', env: environment });
    expect(stderr).toBe('');
  });

  it('names the setting and the file when one is wrong', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-settings-'));
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ prot: 4141 }));
    const { status, stderr } = run('serve', '--home', folder);
    rmSync(folder, { recursive: true });
    expect(status).toBe(2);
    expect(stderr).toContain('prot');
    expect(stderr).toContain('settings.json');
  });

  it('answers for a home folder without a ledger', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-empty-'));
    expect(run('report', '--home', folder).status).toBe(0);
    expect(run('export', '--home', folder)).toMatchObject({ status: 0, stdout: '' });
    expect(run('verify', '--home', folder).status).toBe(0);
    expect(run('sync', 'status', '--home', folder).status).toBe(0);
    const fields = (at: string) =>
      Object.keys(JSON.parse(run('sync', 'status', '--home', at, '--json').stdout) as object);
    expect(fields(folder)).toEqual(fields(home));
    rmSync(folder, { recursive: true });
  });
});
