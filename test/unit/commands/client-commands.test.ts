/** What points a client at the proxy, in the parts that decide: shells, addresses, how Windows starts a command, what is told of direct runs. */
import { mkdtempSync, readFileSync, rmSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { hostOf, leadsTo, pathPrefix } from '../../../main/commands/base-url.ts';
import { lineFor, shellOf } from '../../../main/commands/env.ts';
import { windowsCommand } from '../../../main/commands/windows-command.ts';
import { commandName, directRunsText, noteDirectRun, readDirectRuns } from '../../../main/ledger/direct-runs.ts';
import { routeOf } from '../../../main/proxy/route.ts';

describe('a shell', () => {
  it.each([
    [{ SHELL: '/bin/zsh' }, 'linux', 'sh'],
    [{ SHELL: '/usr/bin/fish' }, 'darwin', 'fish'],
    [{ SHELL: '/usr/bin/pwsh' }, 'linux', 'powershell'],
    [{ SHELL: '/bin/bash', PSModulePath: '/x' }, 'linux', 'powershell'],
    [{}, 'linux', 'sh'],
    [{ PSModulePath: 'C:\\x' }, 'win32', 'powershell'],
    [{ PSModulePath: 'C:\\x', SHELL: 'C:\\Program Files\\Git\\usr\\bin\\bash.exe' }, 'win32', 'sh'],
  ] as const)('%j on %s is %s', (env, platform, shell) => {
    expect(shellOf(env, platform)).toBe(shell);
  });

  it('is given a line of its own kind', () => {
    expect((['sh', 'fish', 'powershell'] as const).map((shell) => lineFor(shell, 'http://x'))).toEqual([
      "export ANTHROPIC_BASE_URL='http://x'",
      "set -gx ANTHROPIC_BASE_URL 'http://x'",
      "$env:ANTHROPIC_BASE_URL = 'http://x'",
    ]);
  });
});

describe('the path prefix', () => {
  it.each([
    ['alice', 'webshop'],
    ['Jörg', 'a/b'],
    ["o'neil (us)*!", '100%'],
    ['@x', 'y?z#w'],
  ])('of %s and %s is read by the proxy as it was meant, and needs no quotes', (member, project) => {
    const prefix = pathPrefix({ member, project });
    expect(prefix).toMatch(/^[\w@%/.~-]+$/);
    expect(routeOf('POST', `${prefix}/v1/messages`)).toMatchObject({ target: '/v1/messages', member, project });
  });

  it('refuses what no path can carry', () => {
    expect(() => pathPrefix({ project: 'webshop' })).toThrow('A project needs a member');
    expect(() => pathPrefix({ member: ' ' })).toThrow('The member is empty');
    expect(() => pathPrefix({ member: 'a', project: 'api' })).toThrow('cannot be called "api"');
  });

  it('tells our own addresses from others, and shows no password', () => {
    expect(leadsTo('http://localhost:4141/@a', ['http://127.0.0.1:4141'])).toBe(true);
    expect(leadsTo('http://127.0.0.1:9999', ['http://127.0.0.1:4141'])).toBe(false);
    expect(leadsTo('http://gateway:4141', ['http://127.0.0.1:4141'])).toBe(false);
    expect(leadsTo('', ['http://127.0.0.1:4141'])).toBe(false);
    expect([hostOf('https://u:secret@h.example/x'), hostOf('nonsense')]).toEqual(['h.example', 'another address']);
  });
});

describe('a command on Windows', () => {
  const env = { Path: 'C:\\bin;C:\\npm', PATHEXT: '.EXE;.CMD', ComSpec: 'C:\\cmd.exe' };
  const find = (command: string, args: string[], ...files: string[]) =>
    windowsCommand(command, args, env, (path) => files.includes(path));

  it('is found as cmd.exe finds it, and started by itself where it is a program', () => {
    expect(find('node', ['a b'], 'C:\\npm\\node.cmd', 'C:\\bin\\node.exe')).toEqual({
      file: 'C:\\bin\\node.exe',
      args: ['a b'],
      isVerbatim: false,
    });
    expect(find('claude', [], 'C:\\npm\\claude')).toBeNull();
    expect(find('.\\tool.exe', [], '.\\tool.exe', 'tool.exe')).toMatchObject({ file: 'tool.exe' });
  });

  it('that is a shim goes through cmd.exe, with nothing in it that cmd.exe would run', () => {
    expect(find('claude', ['-p', 'a "b" & del %PATH%', 'c\\'], 'C:\\npm\\claude.cmd')).toEqual({
      file: 'C:\\cmd.exe',
      args: [
        '/d',
        '/s',
        '/c',
        '"C:\\npm\\claude.cmd ^^^"-p^^^" ^^^"a^^^ \\^^^"b\\^^^"^^^ ^^^&^^^ del^^^ ^^^%PATH^^^%^^^" ^^^"c\\\\^^^""',
      ],
      isVerbatim: true,
    });
  });
});

describe('runs without the proxy', () => {
  const nowMs = Date.parse('2026-11-24T12:00:00Z');
  const run = { id: 'a', fromMs: nowMs - 60_000, toMs: null, command: 'claude', reason: 'Tollkeeper does not run' };

  it('are told with the newest first, for 30 days', () => {
    expect(directRunsText([], nowMs)).toBeNull();
    expect(directRunsText([run], nowMs)).toBe(
      'claude ran without the proxy since 2026-11-24 11:59 UTC because Tollkeeper does not run: its calls are missing from the ledger.',
    );
    expect(directRunsText([run, { ...run, id: 'b' }, { ...run, id: 'c' }], nowMs)).toMatch(/2 more ran so before\.$/);
    expect(directRunsText([run], nowMs + 31 * 86_400_000)).toBeNull();
  });

  it('keep the command’s name and nothing of its folder', () => {
    expect(commandName('/home/me/secret-client/bin/claude')).toBe('claude');
    expect(commandName('C:\\Users\\me\\claude.cmd')).toBe('claude.cmd');
    expect(commandName(`x\u001b${'y'.repeat(100)}`)).toHaveLength(60);
  });

  it('stay in a bounded file, whatever a crash left in it', () => {
    const home = mkdtempSync(join(tmpdir(), 'tollkeeper-direct-'));
    for (let index = 0; index < 1_200; index++) noteDirectRun(home, { ...run, id: `run-${index}` });
    appendFileSync(join(home, 'direct-runs.jsonl'), '{"id":"cut');
    expect(readFileSync(join(home, 'direct-runs.jsonl')).length).toBeLessThan(80_000);
    expect(readDirectRuns(home).at(-1)?.id).toBe('run-1199');
    expect(readDirectRuns(home).length).toBeGreaterThanOrEqual(100);
    rmSync(home, { recursive: true });
  });
});
