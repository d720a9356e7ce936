/** Where the command and the watcher look for transcripts: several folders in `CLAUDE_CONFIG_DIR`, and both of the usual ones. Each message is one call. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-places-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** One line of a session below a config folder. */
function write(configFolder: string, id: string): void {
  const project = join(home, configFolder, 'projects', 'webshop');
  mkdirSync(project, { recursive: true });
  const usage = { input_tokens: 10, output_tokens: 3 };
  const message = { id, model: 'claude-sonnet-5-5', type: 'message', stop_reason: 'end_turn', usage };
  const line = { timestamp: '2026-11-20T10:00:00.000Z', type: 'assistant', uuid: `line-${id}`, message };
  appendFileSync(join(project, 'session.jsonl'), `${JSON.stringify(line)}\n`);
}

function importWith(env: Record<string, string>) {
  const args = ['import', 'claude-code', '--json', '--home', join(home, 'ledger')];
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, TZ: 'UTC', ...env },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as object;
}

describe('import claude-code without a folder', () => {
  it('reads every folder of CLAUDE_CONFIG_DIR, then only what is new in them', () => {
    write('work', 'msg_1');
    write('private', 'msg_2');
    write('.claude', 'msg_3');
    const env = { CLAUDE_CONFIG_DIR: `${join(home, 'work')}, ${join(home, 'private')}` };
    expect(importWith(env)).toMatchObject({ files: 2, newFiles: 2, recorded: 2 });
    write('private', 'msg_4');
    expect(importWith(env)).toMatchObject({ files: 2, newFiles: 1, lines: 1, recorded: 1 });
  });

  it('reads ~/.claude and ~/.config/claude together, and counts a message once that stands in both', () => {
    write('.claude', 'msg_1');
    write('.claude', 'msg_2');
    write('.config/claude', 'msg_2');
    write('.config/claude', 'msg_3');
    expect(importWith({})).toMatchObject({ files: 2, newFiles: 2, lines: 4, recorded: 3, unchanged: 1 });
  });
});

describe('the watcher', () => {
  async function watching(configFolders: string | null, look: (engine: TestEngine) => Promise<void>): Promise<void> {
    const transcriptPlaces = { folder: null, configFolders, homeFolder: home };
    const settings = { watchTranscripts: true };
    const engine = await startTestEngine({ upstream: 'http://127.0.0.1:9', settings, transcriptPlaces });
    await look(engine);
    expect(engine.verify().findings).toEqual([]);
    await engine.close();
  }
  const messages = (engine: TestEngine) =>
    engine
      .exported()
      .map(({ message_id: id }) => id)
      .toSorted((a, b) => (a ?? '').localeCompare(b ?? ''));

  it('follows every folder of CLAUDE_CONFIG_DIR', async () => {
    write('work', 'msg_1');
    write('private', 'msg_2');
    write('.claude', 'msg_no');
    await watching(`${join(home, 'work')},${join(home, 'private')}`, async (engine) => {
      await engine.settled(2);
      write('private', 'msg_3');
      await engine.settled(3);
      write('work', 'msg_4');
      await engine.settled(4);
      expect(messages(engine)).toEqual(['msg_1', 'msg_2', 'msg_3', 'msg_4']);
    });
  });

  it('follows ~/.claude and ~/.config/claude together where CLAUDE_CONFIG_DIR names none', async () => {
    write('.claude', 'msg_1');
    write('.config/claude', 'msg_2');
    await watching(null, async (engine) => {
      await engine.settled(2);
      write('.config/claude', 'msg_3');
      await engine.settled(3);
      write('.claude', 'msg_3');
      write('.claude', 'msg_4');
      await engine.settled(4);
      expect(messages(engine)).toEqual(['msg_1', 'msg_2', 'msg_3', 'msg_4']);
    });
  });
});
