/**
 * A damaged ledger: the engine starts, says what is missing since when, keeps the damaged file, and meters on. The damage is done to real files,
 * byte by byte. A ledger of 300 calls was backed up; five more were settled after that.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { liveSnapshotSchema } from '../../shared/contract/events.ts';
import { listBackups } from '../../main/ledger/backups.ts';
import { ledgerFileName } from '../../main/ledger/ledger-file.ts';
import { makeBackup } from '../../main/ledger/make-backup.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { openDatabase, type Db } from '../../main/system/db.ts';
import { lockHolderFileName } from '../../main/system/home-lock.ts';
import { fault, type FaultSays } from '../kit/fault.ts';
import { makeLedgerFolder, settleCalls } from '../kit/ledger-folder.ts';
import { raw } from '../kit/raw-http.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const backedUp = Array.from({ length: 300 }, (_, index) => `call_${String(index).padStart(4, '0')}`);
const later = Array.from({ length: 5 }, (_, index) => `call_9${index}`);
const client = 'the whole answer';

let anthropic: SandboxAnthropic;
/** As an orderly end leaves it, and as a kill does: with its log and its lock. */
let closedHome: string;
let killedHome: string;
let home: string;
let engine: TestEngine | null = null;

beforeAll(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  const folder = makeLedgerFolder();
  const ledger = await folder.open();
  await settleCalls(ledger, backedUp);
  const db = openDatabase(folder.file, 'read');
  expect(await makeBackup(db, folder.file, systemClock.nowMs() - 3_600_000)).toMatchObject({ kind: 'made' });
  db.close();
  // One by one: each is a commit of its own in the log.
  for (const id of later) await settleCalls(ledger, [id]);
  killedHome = mkdtempSync(join(tmpdir(), 'tollkeeper-killed-'));
  for (const name of readdirSync(folder.home).filter((entry) => !/^(?:journal|lock\.sqlite)/.test(entry)))
    cpSync(join(folder.home, name), join(killedHome, name), { recursive: true, preserveTimestamps: true });
  const holder = { pid: 2 ** 22 + 1, processStart: null, purpose: 'the engine', sinceMs: 0 };
  writeFileSync(join(killedHome, lockHolderFileName), JSON.stringify(holder));
  await ledger.close();
  closedHome = folder.home;
});

afterAll(async () => {
  await anthropic.close();
  for (const folder of [closedHome, killedHome]) rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await engine?.close();
  engine = null;
  rmSync(home, { recursive: true });
});

type Damage = (file: string) => void;

/** Starts an engine over a copy of the home that was damaged, sends it a call, and tells what became of the others. */
async function startDamaged(from: string, damage: Damage): Promise<{ says: FaultSays; gap: string; kept: string[] }> {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-damaged-'));
  cpSync(from, home, { recursive: true, preserveTimestamps: true });
  const file = join(home, ledgerFileName);
  damage(file);
  const damagedBytes = existsSync(file) && statSync(file).isFile() ? readFileSync(file) : null;
  engine = await startTestEngine({ upstream: anthropic.url, home });
  const body = JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 20,
    messages: [{ role: 'user', content: 'hi' }],
  });
  const answer = await raw(`${engine.proxyUrl}/v1/messages`, {
    method: 'POST',
    body,
    headers: { 'x-api-key': 'sk-ant-x' },
  });
  expect(answer.status).toBe(200);
  const calls = engine.exported();
  expect(engine.verify().findings).toEqual([]);
  const { gap } = liveSnapshotSchema.parse(await (await engine.get('/api/live')).json());
  const kept = readdirSync(home).filter((name) => name.startsWith('ledger-damaged-'));
  if (damagedBytes !== null && kept.length > 0)
    expect(readFileSync(join(home, kept.find((name) => name.endsWith('.sqlite')) ?? ''))).toEqual(damagedBytes);
  // One whose settle was lost is there as partial.
  const known = new Set(calls.filter(({ status }) => status === 'complete').map(({ id }) => id));
  const old = backedUp.filter((id) => known.has(id)).length;
  const newer = later.filter((id) => known.has(id)).length;
  const words = [
    `${old} of the backup`,
    `${newer} of 5 later`,
    gap === null ? 'no gap' : 'gap told',
    kept.length === 0 ? 'nothing kept' : 'damaged file kept',
  ];
  return { says: { client, ledger: words.join(', ') }, gap: gap ?? '', kept };
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

const garbage = (length: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 151 + 37) % 251));

/** A page in the middle of a table or an index. */
function pageOf(file: string, name: string): { readonly at: number; readonly bytes: number } {
  const db: Db = openDatabase(file, 'read');
  const bytes = Number(db.pragma('page_size', { simple: true }));
  const pages = db
    .prepare<[string], number>(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno`)
    .pluck()
    .all(name);
  db.close();
  const page = pages[Math.floor(pages.length / 2)];
  if (page === undefined) throw new Error(`${name} has no leaf page`);
  return { at: (page - 1) * bytes, bytes };
}

const restored = { client, ledger: '300 of the backup, 0 of 5 later, gap told, damaged file kept' };

describe('ledger', () => {
  const damages: readonly (readonly [string, Damage])[] = [
    ['its header is overwritten', (file) => overwrite(file, 0, garbage(100))],
    ['is cut to half its length', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    ['a page of a table is overwritten', (file) => overwrite(file, pageOf(file, 'calls').at, garbage(64))],
    ['is empty', (file) => truncateSync(file, 0)],
  ];
  for (const [name, damage] of damages) {
    fault(name, restored, async () => {
      const { says, gap } = await startDamaged(closedHome, damage);
      expect(gap).toMatch(
        /^Calls from 20\d\d-\d\d-\d\d \d\d:\d\d UTC to 20\d\d-\d\d-\d\d \d\d:\d\d UTC may be missing/,
      );
      expect(gap).toMatch(/the backup ledger-\S+\.sqlite was opened\. Run `tollkeeper import claude-code`/);
      return says;
    });
  }

  fault('a folder stands in its place', restored, async () => {
    const { says, kept } = await startDamaged(closedHome, (file) => {
      rmSync(file);
      mkdirSync(file);
      writeFileSync(join(file, 'note'), 'whose is this?');
    });
    expect(readFileSync(join(home, kept[0] ?? '', 'note'), 'utf8')).toBe('whose is this?');
    return says;
  });

  fault('is gone', { client, ledger: '300 of the backup, 0 of 5 later, gap told, nothing kept' }, async () => {
    const { says } = await startDamaged(closedHome, (file) => rmSync(file));
    return says;
  });

  fault(
    'a page of an index is overwritten',
    { client, ledger: '300 of the backup, 5 of 5 later, no gap, damaged file kept' },
    async () =>
      (await startDamaged(closedHome, (file) => overwrite(file, pageOf(file, 'calls_by_time').at, garbage(64)))).says,
  );

  fault('is damaged, and its newest backup too', restored, async () => {
    const { says, gap } = await startDamaged(closedHome, (file) => {
      overwrite(file, 0, garbage(100));
      const [good] = listBackups(file);
      writeFileSync(join(home, 'backups', 'ledger-2099-01-01T00-00-00Z.sqlite'), garbage(9_000));
      expect(good?.file).toBeDefined();
    });
    expect(gap).not.toContain('2099');
    return says;
  });

  fault(
    'is damaged, and there is no backup',
    { client, ledger: '0 of the backup, 0 of 5 later, gap told, damaged file kept' },
    async () => {
      const { says, gap } = await startDamaged(closedHome, (file) => {
        overwrite(file, 0, garbage(100));
        rmSync(join(home, 'backups'), { recursive: true });
      });
      expect(gap).toMatch(/^Calls before 20.* may be missing .*: file is not a database\. .*an empty ledger was begun/);
      return says;
    },
  );

  fault(
    'was killed, and the middle of its log is overwritten',
    { client, ledger: '300 of the backup, 2 of 5 later, gap told, damaged file kept' },
    async () => {
      const { says, gap } = await startDamaged(killedHome, (file) => {
        const log = `${file}-wal`;
        overwrite(log, commitFrames(log).at(-3) ?? 0, garbage(300));
      });
      expect(gap).toContain('its write-ahead log is damaged');
      expect(gap).toContain('what had reached the file itself was opened');
      return says;
    },
  );

  fault(
    'was killed, and the end of its log is torn',
    { client, ledger: '300 of the backup, 4 of 5 later, no gap, nothing kept' },
    async () => {
      // What a power cut leaves of the last commit, which nobody was promised: no damage.
      const { says } = await startDamaged(killedHome, (file) => {
        truncateSync(`${file}-wal`, (commitFrames(`${file}-wal`).at(-1) ?? 0) + 100);
      });
      return says;
    },
  );

  fault(
    'was killed, and nothing is damaged',
    { client, ledger: '300 of the backup, 5 of 5 later, no gap, nothing kept' },
    async () => (await startDamaged(killedHome, () => {})).says,
  );
});

/** Where the frames that end a transaction begin, in this round of the log. */
function commitFrames(log: string): number[] {
  const bytes = readFileSync(log);
  const frame = 24 + bytes.readUInt32BE(8);
  const starts = Array.from({ length: Math.floor((bytes.length - 32) / frame) }, (_, index) => 32 + index * frame);
  return starts.filter(
    (at) => bytes.readUInt32BE(at + 4) > 0 && bytes.subarray(at + 8, at + 16).equals(bytes.subarray(16, 24)),
  );
}
