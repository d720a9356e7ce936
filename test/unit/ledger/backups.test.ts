/** Backups of a ledger in use: made a day apart by the clock, whole, seven kept; and what a damaged or full one leads to. */
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { backupFolderOf, dailyBackupFile, listBackups, makeBackupFolder } from '../../../main/ledger/backups.ts';
import { createCondition, troubleSentence } from '../../../main/ledger/condition.ts';
import { damageNoteOf, firstFault } from '../../../main/ledger/file-check.ts';
import type { Ledger } from '../../../main/ledger/open.ts';
import { makeBackup, type BackupResult } from '../../../main/ledger/make-backup.ts';
import { startUpkeep, type Keeper, type Upkeep } from '../../../main/ledger/upkeep.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';
import { openDatabase } from '../../../main/system/db.ts';
import { makeLedgerFolder, settleCalls, type LedgerFolder } from '../../kit/ledger-folder.ts';

const dayMs = 86_400_000;
const noonMs = Date.parse('2026-11-26T12:00:00Z');

let folder: LedgerFolder;
let ledger: Ledger;

beforeEach(async () => {
  folder = makeLedgerFolder();
  ledger = await folder.open();
});
afterEach(async () => {
  await ledger.close();
  folder.remove();
});

async function backUp(atMs: number): Promise<BackupResult> {
  const db = openDatabase(folder.file, 'read');
  try {
    return await makeBackup(db, folder.file, atMs);
  } finally {
    db.close();
  }
}

const callsIn = (file: string) => {
  const db = openDatabase(file, 'read');
  const count = db.prepare<[], number>('SELECT COUNT(*) FROM calls').pluck().get();
  expect(firstFault(db)).toBeNull();
  db.close();
  return count;
};

describe('a backup', () => {
  it('holds one moment of a ledger that is written meanwhile, in one file', async () => {
    await settleCalls(ledger, ['call_1', 'call_2']);
    let isDone = false;
    const backup = backUp(noonMs).finally(() => {
      isDone = true;
    });
    let settled = 2;
    while (!isDone) await settleCalls(ledger, [`call_${(settled += 1)}`]);
    expect(await backup).toMatchObject({ kind: 'made' });
    const [made] = listBackups(folder.file);
    expect(made?.atMs).toBe(noonMs);
    expect(callsIn(made?.file ?? '')).toBeGreaterThanOrEqual(2);
    expect(readdirSync(backupFolderOf(folder.file))).toEqual(['ledger-2026-11-26T12-00-00Z.sqlite']);
  });

  it('is one of the seven that are kept, and clears away what a killed one left', async () => {
    makeBackupFolder(folder.file);
    writeFileSync(join(backupFolderOf(folder.file), 'ledger-2026-01-01T00-00-00Z.sqlite.part'), 'half');
    writeFileSync(join(backupFolderOf(folder.file), 'mine.txt'), 'not a backup');
    for (let day = 0; day < 9; day++) await backUp(noonMs + day * dayMs);
    expect(listBackups(folder.file).map(({ atMs }) => (atMs - noonMs) / dayMs)).toEqual([8, 7, 6, 5, 4, 3, 2]);
    expect(readdirSync(backupFolderOf(folder.file))).toHaveLength(8);
  });

  it('of a damaged ledger is none: the old ones stay, and what is wrong is said', async () => {
    const good = join(folder.home, 'backups-source.sqlite');
    await settleCalls(
      ledger,
      Array.from({ length: 300 }, (_, index) => `call_${index}`),
    );
    await ledger.close();
    const bytes = readFileSync(folder.file);
    bytes.fill(0x5a, 4096 * 20, 4096 * 20 + 200);
    writeFileSync(good, bytes);
    const db = openDatabase(good, 'read');
    expect(await makeBackup(db, good, noonMs)).toMatchObject({ kind: 'damaged', reason: expect.any(String) as string });
    db.close();
    expect(listBackups(good)).toEqual([]);
    ledger = await folder.open();
  });

  it('that finds no room leaves nothing behind', async () => {
    makeBackupFolder(folder.file);
    symlinkSync('/dev/full', `${dailyBackupFile(folder.file, noonMs)}.part-journal`);
    mkdirSync(`${dailyBackupFile(folder.file, noonMs)}.part`);
    await expect(backUp(noonMs)).rejects.toThrow();
    expect(listBackups(folder.file)).toEqual([]);
  });
});

/** A clock in a test's hand: `pass` moves both of its hands, `jump` only the one of the day. */
function createHandClock(startMs: number) {
  let [nowMs, monotonicMs] = [startMs, 0];
  let timers: { readonly dueMs: number; readonly run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => monotonicMs,
    after: (delayMs, run) => {
      const timer = { dueMs: monotonicMs + delayMs, run };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
  };
  return {
    clock,
    jump: (byMs: number) => {
      nowMs += byMs;
    },
    pass: (byMs: number) => {
      nowMs += byMs;
      monotonicMs += byMs;
      const due = timers.filter(({ dueMs }) => dueMs <= monotonicMs);
      timers = timers.filter(({ dueMs }) => dueMs > monotonicMs);
      for (const { run } of due) run();
    },
  };
}

describe('the upkeep', () => {
  let upkeep: Upkeep;
  let keepersOpen: number;
  let backups: number[];
  let told: string[];
  const hand = createHandClock(noonMs);

  function start({ wasKilled = false, firstFault: fault = null as string | null } = {}): void {
    [keepersOpen, backups, told] = [0, [], []];
    const answers: Readonly<Record<string, () => unknown>> = {
      backUp: () => {
        backups.push(hand.clock.nowMs());
        return { kind: 'made', file: '', atMs: hand.clock.nowMs() };
      },
      firstFault: () => fault,
      recentDifferences: () => ({ days: ['2026-11-26'], events: [] }),
    };
    const openKeeper = (): Keeper => {
      keepersOpen += 1;
      return {
        ask: (async (name: string) => answers[name]?.()) as unknown as Keeper['ask'],
        end: async () => {
          keepersOpen -= 1;
        },
      };
    };
    upkeep = startUpkeep({
      file: folder.file,
      wasKilled,
      hasBackups: true,
      clock: hand.clock,
      openKeeper,
      write: ledger.write,
      onNotice: (sentence) => told.push(sentence),
      onDamage: (reason) => told.push(`damaged: ${reason}`),
    });
  }
  /** Lets what a timer began come to its end. */
  const pass = async (byMs: number) => {
    hand.pass(byMs);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('makes a backup at the start when there is none of the last day, then one a day, on a thread that ends', async () => {
    start();
    await pass(10_000);
    expect(backups).toHaveLength(1);
    for (let hours = 0; hours < 23; hours++) await pass(3_600_000);
    expect(backups).toHaveLength(1);
    for (let hours = 0; hours < 2; hours++) await pass(3_600_000);
    expect(backups).toHaveLength(2);
    expect(keepersOpen).toBe(0);
    await upkeep.stop();
    await pass(2 * dayMs);
    expect(backups).toHaveLength(2);
  });

  it('makes none when the last is of today, whoever made it', async () => {
    await backUp(hand.clock.nowMs() - 3_600_000);
    start();
    await pass(10_000);
    expect(backups).toEqual([]);
    await upkeep.stop();
  });

  it('neither stops nor runs wild when the clock is put back a day or a month', async () => {
    start();
    await pass(10_000);
    for (const jumpMs of [-dayMs, -30 * dayMs]) {
      hand.jump(jumpMs);
      for (let looks = 0; looks < 20; looks++) await pass(10 * 60_000);
    }
    expect(backups).toHaveLength(1);
    await pass(dayMs);
    expect(backups).toHaveLength(2);
    await upkeep.stop();
  });

  it('after a kill looks at the whole file, and mends what the last run left wrong', async () => {
    await settleCalls(ledger, ['call_1']);
    start({ wasKilled: true });
    await pass(10_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(told).toEqual(['The sums of 2026-11-26 were not those of its calls and have been made anew.']);
    await upkeep.stop();
    start({ wasKilled: true, firstFault: 'page 7 is broken' });
    await pass(10_000);
    expect(told).toEqual(['damaged: page 7 is broken']);
    await upkeep.stop();
  });
});

describe('damage that is found while the ledger is in use', () => {
  it('is told with what to do, noted beside the file, and looked into at the next start', async () => {
    const told: string[] = [];
    const onNotice = (sentence: string) => told.push(sentence);
    const condition = createCondition({ file: folder.file, gaps: [], clock: systemClock, onNotice });
    condition.damaged('page 7 is broken');
    condition.damaged('page 8 is broken');
    const trouble = { reason: 'database disk image is malformed', code: 'SQLITE_CORRUPT', sinceMs: noonMs, waiting: 3 };
    expect(condition.sentence(trouble)).toBe(
      'The ledger’s file is damaged (page 7 is broken). Calls still go through; 3 rows wait in memory. Restart Tollkeeper: it keeps the damaged file and opens the last good backup.',
    );
    expect(told).toHaveLength(1);
    expect(readFileSync(damageNoteOf(folder.file), 'utf8')).toBe('page 7 is broken\n');
    await ledger.close();
    ledger = await folder.open();
    expect(readdirSync(folder.home)).not.toContain('ledger.sqlite.damage');
    expect(ledger.gap()).toBeNull();
  });
});

describe('a gap', () => {
  it('is shown for a month, behind what is wrong right now', () => {
    const gap = { fromMs: noonMs - dayMs, toMs: noonMs, reason: 'x', keptAs: 'y', opened: { kind: 'empty' } } as const;
    const at = (nowMs: number) =>
      createCondition({
        file: folder.file,
        gaps: [gap],
        clock: { ...systemClock, nowMs: () => nowMs },
        onNotice: () => {},
      });
    const later = at(noonMs + 29 * dayMs);
    expect(later.sentence(null)).toContain('Calls from 2026-11-25 12:00 UTC to 2026-11-26 12:00 UTC may be missing');
    const trouble = { reason: 'database or disk is full', code: 'SQLITE_FULL', sinceMs: noonMs, waiting: 1 };
    expect(later.sentence(trouble)).toBe(
      'The ledger cannot be written since 12:00 UTC: the disk is full. Make room on it. Calls still go through; 1 row waits and will be written as soon as that is mended.',
    );
    expect(at(noonMs + 31 * dayMs).sentence(null)).toBeNull();
  });
});

describe('what keeps rows from the disk', () => {
  it.each([
    ['SQLITE_FULL', 'the disk is full. Make room on it.'],
    ['ENOSPC', 'the disk is full. Make room on it.'],
    ['SQLITE_READONLY_DBMOVED', 'its disk or folder can only be read. Make it writable again.'],
    ['EROFS', 'its disk or folder can only be read. Make it writable again.'],
    ['SQLITE_IOERR_WRITE', 'the disk fails (told). Check the disk of the home folder.'],
    ['EIO', 'the disk fails (told). Check the disk of the home folder.'],
    ['SQLITE_BUSY', 'another program holds the file locked. Close what has ledger.sqlite open.'],
    [null, 'told.'],
  ])('is said in plain words, whoever met it: %s', (code, words) => {
    const sentence = troubleSentence({ reason: 'told', code, sinceMs: noonMs, waiting: 2 });
    expect(sentence).toBe(
      `The ledger cannot be written since 12:00 UTC: ${words} Calls still go through; 2 rows wait and will be written as soon as that is mended.`,
    );
  });
});
