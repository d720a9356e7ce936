/**
 * A disk that is full, turns read-only, fails, is locked by somebody or slow, under an engine that runs: every call goes through, the dashboard says
 * what is wrong, and once it is mended every row is there. The engine is a process of its own over a real file system.
 */
import { mkdirSync, mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { exportCalls } from '../../main/ledger/read-export.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { openDatabase } from '../../main/system/db.ts';
import { makeBadDisk, mountSmallDisk, type BadDisk, type DiskMood } from '../kit/bad-disk.ts';
import { startEngineProcess, type EngineProcess } from '../kit/engine-process.ts';
import { fault, type FaultSays } from '../kit/fault.ts';
import { raw } from '../kit/raw-http.ts';

let anthropic: SandboxAnthropic;
let home: string;
let engine: EngineProcess | null = null;
const homePrefix = 'tollkeeper-refuses-';
const made = makeBadDisk(join(tmpdir(), homePrefix));

beforeAll(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
});
afterAll(async () => {
  await anthropic.close();
  if (!('reason' in made)) made.remove();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), homePrefix));
});
afterEach(async () => {
  if (!('reason' in made)) made.set('fine');
  await engine?.kill();
  engine = null;
  rmSync(home, { recursive: true, force: true });
});

const headers = { 'x-api-key': 'sk-ant-test', 'x-tollkeeper-customer': 'cus_a' };
let asked = 0;

/** Sends calls at once, streamed and plain by turns; every one must be answered whole. Resolves with the longest wait. */
async function call(to: EngineProcess, count: number): Promise<number> {
  const waits = Array.from({ length: count }, async () => {
    asked += 1;
    const stream = asked % 2 === 0;
    const messages = [{ role: 'user', content: `question ${asked}` }];
    const body = JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 30, stream, messages });
    const startedMs = performance.now();
    const answer = await raw(`${to.proxyUrl}/v1/messages`, { method: 'POST', body, headers });
    expect(answer.status).toBe(200);
    const text = answer.body.toString();
    if (stream) expect(text).toContain('"message_stop"');
    else expect(JSON.parse(text)).toMatchObject({ type: 'message' });
    return performance.now() - startedMs;
  });
  return Math.max(...(await Promise.all(waits)));
}

const client = 'the whole answer';
const said = (words: string) => ({ client, ledger: `told: ${words}; then every row, complete and priced` });

/** The end of every one of these tests: the fault is over, and nothing is missing. */
async function allThere(of: EngineProcess, folder: string, calls: number): Promise<string> {
  await of.gapIs((gap) => gap === null);
  expect(await of.stop()).toBe(0);
  const db = openLedgerFile(join(folder, ledgerFileName), 'read');
  const rows = [...exportCalls(db, { from: null, to: null })];
  expect(verifyLedger(db).findings).toEqual([]);
  db.close();
  expect(rows).toHaveLength(calls);
  expect(
    rows.filter(({ status, estimated, cost_nano_usd: cost }) => status !== 'complete' || estimated || cost === null),
  ).toEqual([]);
  return 'then every row, complete and priced';
}

function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const length of [1024 * 1024, 4096, 512]) for (;;) if (!isWritten(descriptor, length)) break;
  } finally {
    closeSync(descriptor);
  }
}

function isWritten(descriptor: number, length: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(length)) > 0;
  } catch {
    return false;
  }
}

describe('disk', () => {
  const small = mountSmallDisk(24);
  if ('reason' in small) it('is full', ({ skip }) => skip(small.reason));
  else {
    afterAll(() => small.remove());
    fault('is full', said('the disk is full'), async () => {
      const folder = join(small.folder, 'home');
      mkdirSync(folder);
      engine = await startEngineProcess({ home: folder, upstream: anthropic.url });
      await call(engine, 4);
      fill(join(small.folder, 'filler'));
      let calls = 4;
      // What the log has already is written over first; some calls still find room.
      for (let gap: string | null = null; gap === null; { gap } = await engine.live()) {
        await call(engine, 20);
        calls += 20;
      }
      await call(engine, 20);
      const gap = await engine.gapIs((text) => text !== null);
      expect(gap).toMatch(
        /since \d\d:\d\d UTC: the disk is full\. Make room on it\. Calls still go through; \d+ rows wait/,
      );
      rmSync(join(small.folder, 'filler'));
      return { client, ledger: `told: the disk is full; ${await allThere(engine, folder, calls + 20)}` };
    });
  }

  // Whichever meets the disk first says so: the ledger by SQLite's words, the journal by the disk's own.
  const fails = String.raw`the disk fails \((?:disk I/O error|EIO[^)]*)\)\. Check the disk of the home folder`;
  const isReadOnly = String.raw`its disk or folder can only be read\. Make it writable again`;
  const moods: readonly (readonly [string, DiskMood, string])[] = [
    ['turns read-only', 'readonly', `(?:${fails}|${isReadOnly})`],
    ['fails', 'broken', fails],
  ];
  for (const [name, mood, words] of moods) {
    badDiskFault(name, said('the disk fails'), async (disk) => {
      engine = await startEngineProcess({ home, upstream: anthropic.url, env: disk.env });
      await call(engine, 4);
      disk.set(mood);
      await call(engine, 12);
      const gap = await engine.gapIs((text) => text !== null);
      expect(gap).toMatch(new RegExp(String.raw`${words}\. Calls still go through`));
      await call(engine, 12);
      disk.set('fine');
      return { client, ledger: `told: the disk fails; ${await allThere(engine, home, 28)}` };
    });
  }

  badDiskFault(
    'takes 50 ms for each flush',
    { client, ledger: 'nothing to tell; every row, complete and priced' },
    async (disk) => {
      engine = await startEngineProcess({ home, upstream: anthropic.url, env: disk.env });
      disk.set('slow');
      const longestMs = await call(engine, 1);
      // The begin waits for its flush, as it must, and the end of the answer for that of its settle.
      expect(longestMs).toBeGreaterThan(100);
      await call(engine, 40);
      await call(engine, 40);
      expect((await engine.live()).gap).toBeNull();
      await allThere(engine, home, 81);
      return { client, ledger: 'nothing to tell; every row, complete and priced' };
    },
  );

  fault('has its ledger locked by another program', said('another program holds it'), async () => {
    engine = await startEngineProcess({ home, upstream: anthropic.url });
    await call(engine, 2);
    const other = openDatabase(join(home, ledgerFileName), 'write');
    other.exec('BEGIN EXCLUSIVE');
    await call(engine, 10);
    const gap = await engine.gapIs((text) => text !== null);
    expect(gap).toContain('another program holds the file locked. Close what has ledger.sqlite open.');
    await call(engine, 10);
    other.exec('ROLLBACK');
    other.close();
    return { client, ledger: `told: another program holds it; ${await allThere(engine, home, 22)}` };
  });

  fault(
    'refuses rows, and then the engine is killed',
    { client, ledger: 'every row from the journal, complete and priced' },
    async () => {
      engine = await startEngineProcess({ home, upstream: anthropic.url });
      const other = openDatabase(join(home, ledgerFileName), 'write');
      other.exec('BEGIN EXCLUSIVE');
      await call(engine, 10);
      await engine.gapIs((text) => text !== null);
      await engine.kill();
      other.exec('ROLLBACK');
      other.close();
      engine = await startEngineProcess({ home, upstream: anthropic.url });
      await allThere(engine, home, 10);
      return { client, ledger: 'every row from the journal, complete and priced' };
    },
  );

  const readOnly = mountSmallDisk(24);
  if ('reason' in readOnly) it('is read-only at the start', ({ skip }) => skip(readOnly.reason));
  else {
    afterAll(() => readOnly.remove());
    fault(
      'is read-only at the start',
      { client: 'no engine', ledger: 'told: cannot be written, and what to do' },
      async () => {
        const folder = join(readOnly.folder, 'home');
        mkdirSync(folder);
        engine = await startEngineProcess({ home: folder, upstream: anthropic.url });
        expect(await engine.stop()).toBe(0);
        readOnly.makeReadOnly();
        const refused = await startEngineProcess({ home: folder, upstream: anthropic.url }).catch(
          (error: Error) => error.message,
        );
        expect(refused).toMatch(/^serve ended with code 3: .*cannot be written: .*Make room on its disk/);
        return { client: 'no engine', ledger: 'told: cannot be written, and what to do' };
      },
    );
  }
});

function badDiskFault(name: string, says: FaultSays, run: (disk: BadDisk) => Promise<FaultSays>): void {
  if ('reason' in made) it(name, ({ skip }) => skip(made.reason));
  else fault(name, says, () => run(made));
}
