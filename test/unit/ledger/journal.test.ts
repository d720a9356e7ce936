/** The journal over real files: what was answered as durable is read back, whatever the disk did and wherever a write was cut. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createJournal, type Journal, type JournalOptions } from '../../../main/ledger/journal.ts';
import { openSegment, type OpenSegment } from '../../../main/ledger/journal-segment.ts';
import { readJournal } from '../../../main/ledger/read-journal.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';

let home: string;
let folder: string;
let journal: Journal;

const start = (more: Partial<JournalOptions> = {}) => createJournal({ folder, clock: systemClock, ...more });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-journal-'));
  folder = join(home, 'journal');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const beginJson = (id: string, more = {}) => JSON.stringify({ id, ...more });
const settleJson = (id: string, more = {}) => JSON.stringify({ begun: { id }, settled: { id, ...more } });
const begin = (id: string, more = {}) =>
  new Promise<boolean>((resolve) => journal.begin(id, beginJson(id, more), resolve));
/** Resolves with the settle's number once it is durable. */
async function settle(id: string, more = {}): Promise<number> {
  const { promise: durable, resolve } = Promise.withResolvers<boolean>();
  const number = journal.settle(id, settleJson(id, more), resolve);
  await durable;
  return number;
}
function content(of = folder) {
  const { unsettled, settles } = readJournal(of);
  return { unsettled: unsettled.map(({ id }) => id), settles: settles.map(({ begun }) => begun.id) };
}

describe('a journal', () => {
  it('tells what was begun and what was settled, in their order', async () => {
    journal = start();
    expect(await Promise.all([begin('a'), begin('b'), begin('c')])).toEqual([true, true, true]);
    await settle('b');
    expect(content()).toEqual({ unsettled: ['a', 'c'], settles: ['b'] });
    await settle('a');
    expect(content()).toEqual({ unsettled: ['c'], settles: ['b', 'a'] });
    await journal.close();
    expect(content()).toEqual({ unsettled: ['c'], settles: ['b', 'a'] });
  });

  it('has a settle before anything is waited for, whatever begin is still on its way to the disk', async () => {
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    const open: OpenSegment = async (path, bytes) => {
      const file = await openSegment(path, bytes);
      const write: typeof file.write = async (content, position) => {
        if (isHeld) await gate.promise;
        await file.write(content, position);
      };
      return { ...file, write };
    };
    journal = start({ open });
    await begin('a');
    isHeld = true;
    const held = begin('b');
    await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
    let isDurable = false;
    journal.settle('a', settleJson('a'), (durable) => (isDurable = durable));
    expect(isDurable).toBe(true);
    // As a kill would leave it now: the begin’s place is a hole in front of the settle.
    expect(content()).toEqual({ unsettled: [], settles: ['a'] });
    gate.resolve();
    expect(await held).toBe(true);
    expect(content()).toEqual({ unsettled: ['b'], settles: ['a'] });
    await journal.close();
  });

  it('reads a settle behind the remains of a write that was cut, and of an earlier use', async () => {
    journal = start({ segmentBytes: 2_048 });
    for (let round = 0; round < 40; round++) {
      await begin(`call_${round}`);
      journal.applied(await settle(`call_${round}`));
    }
    await begin('cut');
    await settle('cut');
    await journal.close();
    const path = readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted((a, b) => generationOf(b) - generationOf(a))[0];
    const whole = readFileSync(path ?? '');
    const [from, to] = [whole.indexOf('"id":"cut"'), whole.indexOf(0x0a, whole.indexOf('"id":"cut"'))];
    for (let place = from; place <= to; place++) {
      const torn = Buffer.from(whole);
      torn.fill(place % 2 === 0 ? 'x' : 0, place, to);
      writeFileSync(path ?? '', torn);
      expect(content().settles).toContain('cut');
    }
  });

  it('brings what it wrote at once to the disk a moment later, one sync for all of it', async () => {
    const clock = drivenClock();
    let syncs = 0;
    const open: OpenSegment = async (path, bytes) => {
      const file = await openSegment(path, bytes);
      const sync = () => {
        syncs += 1;
        return file.sync();
      };
      return { ...file, sync };
    };
    journal = start({ open, clock });
    for (const id of ['a', 'b', 'c']) await begin(id);
    for (const id of ['a', 'b', 'c']) journal.settle(id, settleJson(id), () => {});
    expect(syncs).toBe(0);
    clock.run();
    await journal.flush();
    expect(syncs).toBe(1);
    journal.settle('d', settleJson('d'), () => {});
    await journal.close();
    expect(syncs).toBe(2);
  });

  it('gathers settles for a while once a write held up the loop, as in a folder on a network', async () => {
    let nowMs = 0;
    let writes = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const open: OpenSegment = async (path, bytes) => {
      const file = await openSegment(path, bytes);
      const writeAtOnce: typeof file.writeAtOnce = (content, position) => {
        writes += 1;
        nowMs += writes === 1 ? 60 : 0;
        file.writeAtOnce(content, position);
      };
      return { ...file, writeAtOnce };
    };
    journal = start({ open, clock });
    for (const id of ['a', 'b', 'c']) await begin(id);
    await settle('a');
    await settle('b');
    expect(writes).toBe(1);
    nowMs += 10_001;
    await settle('c');
    expect(writes).toBe(2);
    expect(content().settles).toEqual(['a', 'b', 'c']);
    await journal.close();
  });

  it('keeps every character of a call', async () => {
    journal = start();
    const member = 'Zoë 🌍 \u0000 \n "quoted"';
    await begin('a', { member });
    expect(readJournal(folder).unsettled).toEqual([{ id: 'a', member }]);
    await journal.close();
  });

  it('leaves nothing behind when the ledger has everything', async () => {
    journal = start();
    await begin('a');
    journal.applied(await settle('a'));
    await journal.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(content()).toEqual({ unsettled: [], settles: [] });
  });

  it('that was only made ready leaves nothing and tells nothing', async () => {
    journal = start();
    journal.prepare();
    await journal.close();
    expect(readdirSync(folder)).toEqual([]);
    expect(content()).toEqual({ unsettled: [], settles: [] });
  });

  it('reads as far as a write that was cut at any byte, and never a line of an earlier use', async () => {
    journal = start({ segmentBytes: 2_048 });
    // Twice around, so that every segment holds old lines behind its new ones.
    await begin('stays');
    for (let round = 0; round < 60; round++) {
      await begin(`call_${round}`);
      journal.applied(await settle(`call_${round}`));
    }
    await begin('last');
    await journal.close();

    const newest = readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted((a, b) => generationOf(b) - generationOf(a))[0];
    const bytes = readFileSync(newest ?? '');
    const lastLine = bytes.indexOf('"last"');
    const lineStart = bytes.lastIndexOf(0x0a, lastLine) + 1;
    const lineEnd = bytes.indexOf(0x0a, lastLine) + 1;
    for (let place = lineStart; place <= lineEnd; place++) {
      // What a torn write leaves is what stood there before: here other bytes of the same length.
      const torn = Buffer.from(bytes);
      torn.fill('x', place, lineEnd);
      writeFileSync(newest ?? '', torn);
      const { unsettled, settles } = content();
      expect(unsettled).toEqual(place < lineEnd ? ['stays'] : ['stays', 'last']);
      expect(new Set(settles).size).toBe(settles.length);
    }
  });

  const generationOf = (path: string) =>
    Number(/"generation":(\d+)/.exec(readFileSync(path, 'latin1').slice(0, 100))?.[1] ?? 0);

  it('is bounded: it writes segments again once the ledger has what stands in them', async () => {
    journal = start({ segmentBytes: 4_096 });
    for (let round = 0; round < 300; round++) {
      await begin(`call_${round}`);
      const number = await settle(`call_${round}`);
      if (round % 10 === 0) journal.applied(number);
    }
    expect(readdirSync(folder).length).toBeLessThan(6);
    await journal.close();
  });

  it('keeps a call that is on its way for long, however many segments pass', async () => {
    journal = start({ segmentBytes: 2_048 });
    await begin('long');
    for (let round = 0; round < 200; round++) {
      await begin(`call_${round}`);
      journal.applied(await settle(`call_${round}`));
    }
    expect(content().unsettled).toEqual(['long']);
    await settle('long');
    expect(content().unsettled).toEqual([]);
    await journal.close();
  });

  it('is in trouble when the ledger does not keep up, and goes on when it does', async () => {
    const clock = drivenClock();
    journal = start({ segmentBytes: 2_048, clock });
    const numbers: number[] = [];
    let refused = false;
    for (let round = 0; !refused && round < 5_000; round++) {
      refused = !(await begin(`call_${round}`));
      numbers.push(journal.settle(`call_${round}`, settleJson(`call_${round}`), () => {}));
    }
    expect(journal.trouble()?.reason).toContain('the journal is full');
    journal.applied(numbers.at(-2) ?? 0);
    clock.run();
    await journal.flush();
    expect(journal.trouble()).toBeNull();
    expect(content().settles).toContain(`call_${numbers.length - 1}`);
    await journal.close();
  });
});

describe('a journal on a disk that refuses', () => {
  it('answers at once that nothing is durable, keeps the lines and writes them when the disk takes them again', async () => {
    const clock = drivenClock();
    const disk = failingDisk();
    journal = start({ clock, open: disk.open });
    expect(await begin('a')).toBe(true);
    disk.fail('no space left on device');
    expect(await begin('b')).toBe(false);
    expect(await begin('c')).toBe(false);
    journal.settle('a', settleJson('a'), () => {});
    expect(journal.trouble()).toMatchObject({ reason: 'no space left on device', waiting: 3 });
    expect(content()).toEqual({ unsettled: ['a'], settles: [] });

    clock.run();
    await journal.flush();
    expect(journal.trouble()?.waiting).toBe(3);
    disk.fail(null);
    clock.run();
    await journal.flush();
    expect(journal.trouble()).toBeNull();
    expect(content()).toEqual({ unsettled: ['b', 'c'], settles: ['a'] });
    await journal.close();
  });

  it('that cannot even hold its first segment lets calls go, and begins when it can', async () => {
    const clock = drivenClock();
    writeFileSync(join(home, 'journal'), 'a file where the folder should be');
    journal = start({ clock });
    expect(await begin('a')).toBe(false);
    expect(journal.trouble()?.reason).toMatch(/EEXIST|ENOTDIR/);
    rmSync(join(home, 'journal'));
    clock.run();
    await journal.flush();
    expect(content().unsettled).toEqual(['a']);
    await journal.close();
  });

  it('lets the oldest begins go first when more waits than memory may hold', async () => {
    const clock = drivenClock();
    const disk = failingDisk();
    // Large enough for all of them at once.
    journal = start({ clock, open: disk.open, segmentBytes: 32 * 1024 * 1024 });
    await begin('a');
    disk.fail('no space left on device');
    await begin('b');
    journal.settle('a', settleJson('a'), () => {});
    for (let round = 0; round < 100_050; round++) journal.begin(`call_${round}`, beginJson(`call_${round}`), () => {});
    clock.run();
    await journal.flush();
    expect(journal.trouble()?.waiting).toBe(100_000);
    disk.fail(null);
    clock.run();
    await journal.flush();
    const { unsettled, settles } = content();
    expect(settles).toEqual(['a']);
    expect(unsettled).not.toContain('call_0');
    expect(unsettled).toContain('call_100049');
    await journal.close();
  });

  it('gives a line that is larger than any call to the ledger alone', async () => {
    journal = start();
    expect(await begin('a', { member: 'x'.repeat(600_000) })).toBe(false);
    expect(journal.trouble()).toBeNull();
    await journal.close();
  });
});

describe('a journal that is copied at any moment', () => {
  it('holds whatever was answered as durable until the ledger has it', async () => {
    journal = start({ segmentBytes: 4_096 });
    const durable = new Set<string>();
    const settled = new Map<string, number>();
    let applied = 0;
    let turn = 7;
    const random = (below: number) => (turn = (turn * 48_271) % 2_147_483_647) % below;
    for (let step = 0; step < 400; step++) {
      const kind = random(4);
      const open = [...durable].filter((id) => !settled.has(id));
      if (kind < 2) await begin(`call_${step}`).then(() => durable.add(`call_${step}`));
      else if (kind === 2 && open.length > 0) {
        const id = open[random(open.length)] ?? '';
        settled.set(id, await settle(id));
      } else journal.applied((applied = Math.max(applied, ...[...settled.values()].filter(() => random(3) > 0), 0)));
      if (step % 20 !== 0) continue;
      const copy = join(home, 'copy');
      cpSync(folder, copy, { recursive: true });
      const told = content(copy);
      const needed = [...durable].filter((id) => !settled.has(id));
      expect(told.unsettled.filter((id) => needed.includes(id)).toSorted()).toEqual(needed.toSorted());
      for (const [id, number] of settled) if (number > applied) expect(told.settles).toContain(id);
      // A call whose settle the ledger has may be told again; it is never told as unsettled.
      expect(told.unsettled.filter((id) => settled.has(id))).toEqual([]);
      rmSync(copy, { recursive: true });
    }
    await journal.close();
  });
});

function drivenClock(): Clock & { readonly run: () => void } {
  let waiting: (() => void)[] = [];
  return {
    ...systemClock,
    after: (_delayMs, run) => {
      waiting.push(run);
      return { cancel: () => {} };
    },
    run: () => {
      const due = waiting;
      waiting = [];
      for (const run of due) run();
    },
  };
}

/** The real files, in front of which stands a disk that can be full. */
function failingDisk(): { readonly open: OpenSegment; readonly fail: (reason: string | null) => void } {
  let reason: string | null = null;
  return {
    fail: (next) => {
      reason = next;
    },
    open: async (path, bytes) => {
      const file = await openSegment(path, bytes);
      return {
        close: file.close,
        sync: file.sync,
        writeAtOnce: (content, position) => {
          if (reason !== null) throw new Error(reason);
          file.writeAtOnce(content, position);
        },
        write: async (content, position) => {
          if (reason === null) return file.write(content, position);
          // A part of it arrives, as on a disk that fills up.
          await file.write(content.subarray(0, content.length / 2), position);
          throw new Error(reason);
        },
      };
    },
  };
}
