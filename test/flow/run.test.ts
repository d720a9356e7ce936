/** `tollkeeper run` and `tollkeeper env` as a person has them: real processes, with an engine, without one, and with one that is killed in between. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportedCallSchema } from '../../shared/contract/export.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { startEngineProcess, type EngineProcess } from '../kit/engine-process.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-run-'));
const home = join(folder, 'home');
const environment = { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC' };
const homes = ['--home', home];
let anthropic: SandboxAnthropic;
let engine: EngineProcess;

type Extra = { readonly env?: Record<string, string>; readonly input?: string };

function tollkeeper(args: readonly string[], { env = {}, input = '' }: Extra = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: { ...environment, ...env },
    input,
  });
  return { status, stdout, stderr };
}

const node = (script: string) => ['--', process.execPath, '-e', script];
const printBaseUrl = node('process.stdout.write(process.env.ANTHROPIC_BASE_URL ?? "none")');
/** A child that says it is ready, and what it was told. In a session of its own there is no terminal that gives it signals besides. */
function startRun(script: string) {
  return spawn(process.execPath, [cli, 'run', ...homes, ...node(script)], {
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
});

afterAll(async () => {
  await engine.kill();
  await anthropic.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('while no engine runs', () => {
  it('run goes direct, says why in one sentence, and doctor tells the gap, though there is no home folder yet', () => {
    expect(existsSync(home)).toBe(false);
    const { status, stdout, stderr } = tollkeeper(['run', ...homes, ...printBaseUrl, 'a-secret-argument']);
    expect([status, stdout]).toEqual([0, 'none']);
    expect(stderr).toBe(
      'Tollkeeper: node runs without the proxy because Tollkeeper does not run; its calls are not metered.\n',
    );
    const doctor = tollkeeper(['doctor', ...homes]).stdout;
    expect(doctor).toMatch(
      /gap +node ran without the proxy from .* UTC to .* UTC because Tollkeeper does not run: its calls are missing from the ledger\./,
    );
    expect(doctor).toContain('tollkeeper import claude-code');
    expect(readFileSync(join(home, 'direct-runs.jsonl'), 'utf8')).not.toContain('secret');
  });

  it('run leaves out an address that leads to the proxy, and keeps any other', () => {
    const ours = tollkeeper(['run', ...homes, ...printBaseUrl], {
      env: { ANTHROPIC_BASE_URL: 'http://localhost:4141/@alice/webshop' },
    });
    expect(ours.stdout).toBe('none');
    expect(ours.stderr).toContain('ANTHROPIC_BASE_URL, which leads to the proxy, is left out.');
    const other = { ANTHROPIC_BASE_URL: 'https://gateway.example/claude' };
    const kept = tollkeeper(['run', ...homes, ...printBaseUrl], { env: other });
    expect(kept.stdout).toBe('https://gateway.example/claude');
    expect(kept.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('run still runs when the gap cannot be noted, and says so', () => {
    writeFileSync(join(folder, 'no-folder'), '');
    const { status, stderr } = tollkeeper([
      'run',
      '--home',
      join(folder, 'no-folder', 'home'),
      ...node('process.exit(3)'),
    ]);
    expect(status).toBe(3);
    expect(stderr).toContain('This could not be noted in');
  });

  it('run is not stopped by settings that cannot be used', () => {
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'settings.json'), '{"prot":1}');
    expect(tollkeeper(['run', '--home', broken, ...node('process.exit(0)')]).status).toBe(0);
  });

  it('neither run nor env edits a dotfile, or leaves anything in the person’s home but the note of the gap', () => {
    const person = mkdtempSync(join(folder, 'person-'));
    const dotfiles = ['.bashrc', '.zshrc', '.profile', '.config/fish/config.fish', '.claude/settings.json'];
    for (const name of dotfiles) {
      mkdirSync(dirname(join(person, name)), { recursive: true });
      writeFileSync(join(person, name), `# ${name}\n`);
    }
    const env = { HOME: person };
    for (const shell of ['sh', 'fish', 'powershell'])
      expect(tollkeeper(['env', '--shell', shell], { env: { ...env, TOLLKEEPER_PORT: '5151' } }).status).toBe(0);
    expect(tollkeeper(['run', ...node('process.exit(0)')], { env }).status).toBe(0);
    for (const name of dotfiles) expect(readFileSync(join(person, name), 'utf8')).toBe(`# ${name}\n`);
    const left = readdirSync(person, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left.map(({ name }) => name).toSorted()).toEqual(
      [...dotfiles.map((name) => basename(name)), 'direct-runs.jsonl'].toSorted(),
    );
  });

  it('env prints the address of the next start and says that nobody is there', () => {
    const { status, stdout, stderr } = tollkeeper(['env', ...homes, '--shell', 'fish'], {
      env: { TOLLKEEPER_PORT: '5151' },
    });
    expect([status, stdout]).toEqual([0, "set -gx ANTHROPIC_BASE_URL 'http://127.0.0.1:5151'\n"]);
    expect(stderr).toContain('Start it with `tollkeeper serve`');
  });
});

describe('while an engine runs', () => {
  beforeAll(async () => {
    engine = await startEngineProcess({ home, upstream: anthropic.url });
  });

  it('the dashboard tells what ran without it', async () => {
    expect(await engine.gapIs((gap) => gap !== null)).toMatch(
      /^node ran without the proxy .* 2 more ran so before\. Run `tollkeeper import claude-code`/,
    );
  });

  it('run sends the command’s calls through the proxy, for whom it is told, without a word', async () => {
    const call = `
      const { status } = await fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST',
        headers: { 'x-api-key': 'sk-ant-test', 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'claude-haiku-5-5', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] }) });
      process.stdout.write(String(status));`;
    const names = ['--member', 'Jörg O’Neil', '--project', 'web shop'];
    const child = spawn(process.execPath, [cli, 'run', ...homes, ...names, ...node(call)], { env: environment });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect([stdout, stderr]).toEqual(['200', '']);
    const [line = ''] = tollkeeper(['export', ...homes]).stdout.split('\n');
    expect(exportedCallSchema.parse(JSON.parse(line))).toMatchObject({ member: 'Jörg O’Neil', project: 'web shop' });
  });

  it('run replaces an address that is set, with where the proxy sends to and without its password', () => {
    const { stdout, stderr } = tollkeeper(['run', ...homes, ...printBaseUrl], {
      env: { ANTHROPIC_BASE_URL: 'https://user:hunter2@gateway.example/v9' },
    });
    expect(stdout).toBe(engine.proxyUrl);
    expect(stderr).toBe(
      `Tollkeeper: ANTHROPIC_BASE_URL was set to gateway.example and is replaced for this command; the proxy sends its calls to ${new URL(anthropic.url).host} (setting upstream).\n`,
    );
    const named = { ANTHROPIC_BASE_URL: `${engine.proxyUrl}/@alice/webshop` };
    expect(tollkeeper(['run', ...homes, ...printBaseUrl], { env: named })).toEqual({
      status: 0,
      stdout: named.ANTHROPIC_BASE_URL,
      stderr: '',
    });
  });

  it('env prints a line that the shell runs as it stands', () => {
    const line = tollkeeper(['env', ...homes, '--member', "o'neil $HOME", '--project', 'a b'], {
      env: { SHELL: '/bin/bash' },
    });
    expect(line.stderr).toBe('');
    const shell = spawnSync('sh', ['-c', `${line.stdout}printf %s "$ANTHROPIC_BASE_URL"`], { encoding: 'utf8' });
    expect(shell.stdout).toBe(`${engine.proxyUrl}/@o%27neil%20%24HOME/a%20b`);
  });

  it.each([
    [['run', '--project', 'webshop', '--', 'true'], 'Name one with --member as well.'],
    [['env', '--member', 'alice', '--project', 'v1'], 'give the project another name'],
    [['env', '--shell', 'tcsh'], 'Choose one of sh, fish, powershell.'],
    [['run'], 'missing required argument'],
  ])('%j is bad usage and says what to do', (args, words) => {
    const { status, stderr } = tollkeeper([...args.slice(0, 1), ...homes, ...args.slice(1)]);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe('the command that run runs', () => {
  it('has its streams, its arguments and its exit code', () => {
    const script =
      'process.stdin.pipe(process.stdout); process.stderr.write(process.argv.slice(1).join()); process.exitCode = 42';
    const { status, stdout, stderr } = tollkeeper(['run', ...homes, ...node(script), '--', '--help', 'a b', '$x "y"'], {
      input: 'line 1\nline 2',
    });
    expect([status, stdout, stderr]).toEqual([42, 'line 1\nline 2', '--help,a b,$x "y"']);
  });

  it('that does not exist is 127 and a sentence, and no gap; that cannot be run is 126', () => {
    const empty = join(folder, 'empty');
    const missing = tollkeeper(['run', '--home', empty, '--', 'no-such-command-here']);
    expect(missing.status).toBe(127);
    expect(missing.stderr).toContain('The command "no-such-command-here" was not found. Check its name');
    expect(existsSync(empty)).toBe(false);
    writeFileSync(join(folder, 'plain'), 'no program');
    chmodSync(join(folder, 'plain'), 0o600);
    const plain = tollkeeper(['run', ...homes, '--', join(folder, 'plain')]);
    expect(plain.status).toBe(126);
    expect(plain.stderr).toContain('cannot be run');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'] as const)(
    'gets %s, as often as it comes, and ends when it wants to',
    async (signal) => {
      const child = startRun(`let heard = 0;
        process.on('${signal}', () => { heard += 1; console.log(heard); if (heard === 3) process.exit(7); });
        setInterval(() => {}, 1e6); console.log('ready');`);
      const exited = once(child, 'exit');
      for (const _ of ['ready', '1', '2']) {
        await once(child.stdout, 'data');
        child.kill(signal);
      }
      expect(await exited).toEqual([7, null]);
    },
  );

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGKILL', 137],
  ] as const)('that %s ends is %i', async (signal, code) => {
    const child = startRun(`setInterval(() => {}, 1e6); console.log(process.pid);`);
    const exited = once(child, 'exit');
    const [pid] = (await once(child.stdout, 'data')) as [Buffer];
    // What cannot be passed on is given to the command itself.
    if (signal === 'SIGKILL') process.kill(Number(pid.toString()), signal);
    else child.kill(signal);
    expect(await exited).toEqual([code, null]);
  });

  it('is told of when the engine is killed while it runs, and the next one goes direct', async () => {
    const child = startRun(
      `process.on('SIGUSR2', () => process.exit(0)); setInterval(() => {}, 1e6); console.log('ready');`,
    );
    const stderr = text(child.stderr);
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    await engine.kill();
    child.kill('SIGUSR2');
    expect(await exited).toEqual([0, null]);
    expect(await stderr).toContain(
      'the proxy stopped while node ran; calls that it made after that had nowhere to go.',
    );

    // The engine's file still stands, and a shell still has its address.
    const next = tollkeeper(['run', ...homes, ...printBaseUrl], { env: { ANTHROPIC_BASE_URL: engine.proxyUrl } });
    expect(next).toMatchObject({ status: 0, stdout: 'none' });
    expect(next.stderr).toContain('because Tollkeeper does not run');
    engine = await startEngineProcess({ home, upstream: anthropic.url });
    expect(await engine.gapIs((gap) => gap !== null)).toContain('3 more ran so before.');
  });

  it('goes direct when the engine stands still and does not answer', async () => {
    const standing = JSON.parse(readFileSync(join(home, 'engine.json'), 'utf8')) as { pid: number };
    process.kill(standing.pid, 'SIGSTOP');
    try {
      const { stdout, stderr } = tollkeeper(['run', ...homes, ...printBaseUrl]);
      expect(stdout).toBe('none');
      expect(stderr).toContain('because Tollkeeper does not answer within a second');
    } finally {
      process.kill(standing.pid, 'SIGCONT');
    }
  });
});
