/** When Stripe's error reports are read, how much of them at once, and what is said to be read; over a list of pages of three. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ErrorReport } from '../../../main/ledger/error-reports.ts';
import { createAsking } from '../../../main/sync/asking.ts';
import { createReportReadings } from '../../../main/sync/report-readings.ts';
import type { ReportWindow } from '../../../main/sync/report-windows.ts';
import { createDrivenClock } from '../../kit/driven-clock.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const startMs = Date.parse('2026-11-02T00:00:00Z');
const pageOf = 3;

type Listed = { readonly createdMs: number; readonly listedMs: number };
type StageOptions = { readonly firstEventMs?: number; readonly order?: 'newest_first' | 'oldest_first' };

function stage({ firstEventMs = startMs, order = 'newest_first' }: StageOptions = {}) {
  const clock = createDrivenClock(startMs);
  const list: (ErrorReport & Listed)[] = [];
  const kept = new Set<string>();
  let readMs: number | null = null;
  let pagesRead = 0;
  const by = createAsking(() => Promise.resolve(true));
  const create = () =>
    createReportReadings({
      store: {
        reportsFromMs: () => Promise.resolve(readMs ?? firstEventMs),
        recordReports: ({ reports, readUpToMs }) => {
          for (const { id } of reports) kept.add(id);
          readMs = Math.max(readMs ?? 0, readUpToMs ?? 0) || null;
          return Promise.resolve(0);
        },
      },
      reader: {
        errorReports: ({ fromMs, toMs, pagesMax }: ReportWindow) => {
          const found = list
            .filter(({ createdMs, listedMs }) => listedMs <= clock.nowMs() && createdMs >= fromMs)
            .filter(({ createdMs }) => createdMs < (toMs ?? Infinity))
            .toSorted((one, other) => one.createdMs - other.createdMs);
          if (order === 'newest_first') found.reverse();
          const pages = Math.max(1, Math.min(pagesMax, Math.ceil(found.length / pageOf)));
          pagesRead += pages;
          const reports = found.slice(0, pages * pageOf);
          return Promise.resolve({ kind: 'read', value: { reports, pages, isWhole: reports.length === found.length } });
        },
      },
      clock,
      onChange: () => {},
    });
  let readings = create();
  return {
    clock,
    kept,
    read: (isAsked = false) => readings.read(by, isAsked),
    restart: () => {
      readings = create();
    },
    make: (createdMs: number, listedMs = createdMs) =>
      list.push({ id: `evt_${list.length}`, createdMs, listedMs, errorCount: 1, sentence: '', samples: [] }),
    pagesRead: () => pagesRead,
    readMs: () => readMs,
    /** Made before what is said to be read, listed for long enough, and not read all the same. */
    unread: () =>
      list.filter(
        ({ id, createdMs, listedMs }) => createdMs < (readMs ?? 0) && listedMs <= createdMs + minuteMs && !kept.has(id),
      ),
    made: () => list.length,
  };
}

describe('a reading', () => {
  it('is made every quarter of an hour at first, and every six hours once nothing was accepted for two', async () => {
    const { clock, read, pagesRead } = stage();
    for (let quarter = 0; quarter < 8; quarter++) {
      await read();
      clock.advance(15 * minuteMs);
    }
    expect(pagesRead()).toBe(8);
    for (let quarter = 0; quarter < 24; quarter++) {
      await read();
      clock.advance(15 * minuteMs);
    }
    expect(pagesRead()).toBe(9);
  });

  it('of many pages is followed by ten minutes a page without one, unless a person asks', async () => {
    const { clock, read, make, pagesRead } = stage();
    for (let report = 0; report < 6 * pageOf; report++) make(startMs + report);
    clock.advance(minuteMs);
    await read();
    expect(pagesRead()).toBe(6);
    clock.advance(59 * minuteMs);
    await read();
    expect(pagesRead()).toBe(6);
    await read(true);
    expect(pagesRead()).toBe(12);
  });

  it('begins two hours before the first event, or 30 days back', async () => {
    const { read, make, kept } = stage({ firstEventMs: startMs - 40 * 24 * hourMs });
    make(startMs - 31 * 24 * hourMs);
    make(startMs - 29 * 24 * hourMs);
    await read();
    expect([...kept]).toEqual(['evt_1']);
    const later = stage();
    later.make(startMs - 3 * hourMs);
    later.make(startMs - hourMs);
    await later.read();
    expect([...later.kept]).toEqual(['evt_1']);
  });

  it('that took several turns begins two hours before the first of them that read what was new', async () => {
    const { clock, read, make, kept } = stage();
    for (let report = 0; report < 90 * pageOf; report++) make(startMs + report * 20_000);
    clock.advance(2 * hourMs);
    make(startMs + 30 * minuteMs, clock.nowMs() + 30 * minuteMs);
    for (let turn = 0; turn < 12; turn++) {
      await read(true);
      clock.advance(15 * minuteMs);
    }
    expect(kept.has('evt_270')).toBe(true);
  });
});

it('nothing is said to be read that was not, and in the end all is, whatever the order and whenever it restarts', async () => {
  const burst = fc.record({
    atMs: fc.integer({ min: 0, max: 20 * 24 * hourMs }),
    count: fc.integer({ min: 1, max: 300 }),
    everyMs: fc.integer({ min: minuteMs, max: 10 * minuteMs }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(burst, { maxLength: 5 }),
      fc.constantFrom('newest_first' as const, 'oldest_first' as const),
      fc.integer({ min: 60, max: 200 }),
      async (bursts, order, restartEvery) => {
        const it = stage({ order });
        for (const { atMs, count, everyMs } of bursts)
          for (let report = 0; report < count; report++) it.make(startMs + atMs + report * everyMs);
        it.clock.advance(22 * 24 * hourMs);
        for (let turn = 1; turn < 600; turn++) {
          await it.read();
          expect(it.unread()).toEqual([]);
          if (turn % restartEvery === 0) it.restart();
          it.clock.advance(15 * minuteMs);
        }
        expect(it.kept.size).toBe(it.made());
        expect(it.readMs()).toBeGreaterThan(startMs + 22 * 24 * hourMs);
      },
    ),
    { numRuns: 60 },
  );
});
