/**
 * The segments of a journal, and which of them is written. One is *active*. One that is full is *retired* and kept until the ledger has every settle that
 * stands in it; the active one begins with the calls that are still on their way, so nothing else is needed of it. Then it is *free* and written again,
 * the oldest first, so that a begin is never overwritten later than its settle.
 */
import { journalLine, segmentHead } from './journal-line.ts';
import { segmentPath, type OpenSegment, type Segment } from './journal-segment.ts';

export type ActiveSegment = {
  readonly file: Segment;
  readonly generation: number;
  /** Where the next line goes; moved on by whoever is about to write one. */
  position: number;
};

export type Segments = {
  /**
   * The active segment, or the next one when it has no room. `lastSettle` is the number of the newest settle there is, `onTheirWay` the calls that were
   * begun and not settled. @throws the error of the disk, or that the ledger does not keep up.
   */
  readonly withRoom: (neededBytes: number, lastSettle: number, onTheirWay: Iterable<string>) => Promise<ActiveSegment>;
  /** The active segment when it has room; null otherwise, and while the next one is made ready, since that one has its calls. */
  readonly activeWithRoom: (neededBytes: number) => ActiveSegment | null;
  /** Makes a segment ready before it is needed: taking its room from the disk takes longer than any call should wait. */
  readonly openAhead: () => void;
  /** The ledger has every settle up to this number. */
  readonly applied: (settleNumber: number) => void;
  readonly close: () => Promise<void>;
};

export type SegmentsOptions = { readonly folder: string; readonly open: OpenSegment; readonly segmentBytes: number };

/** 128 MB of the usual size, reached when the ledger cannot keep up: locked, or on a disk that is full. */
const segmentsMax = 64;

export function createSegments({ folder, open, segmentBytes }: SegmentsOptions): Segments {
  let active: ActiveSegment | null = null;
  let isChanging = false;
  let retired: { readonly file: Segment; readonly lastSettle: number }[] = [];
  let free: Segment[] = [];
  let opened = 0;
  let generation = 0;
  let ahead: Promise<void> | null = null;

  function openAhead(): void {
    if (ahead !== null || free.length > 0 || opened >= segmentsMax) return;
    // Whoever needs it tries again and hears of the failure.
    const failed = () => {};
    ahead = openAnother().then((file) => void free.push(file), failed);
    ahead = ahead.finally(() => {
      ahead = null;
    });
  }

  async function openAnother(): Promise<Segment> {
    if (opened >= segmentsMax) throw new Error('the journal is full, since the ledger does not take what it holds');
    const file = await open(segmentPath(folder, opened), segmentBytes);
    opened += 1;
    return file;
  }

  async function activate(file: Segment, onTheirWay: Iterable<string>): Promise<ActiveSegment> {
    generation += 1;
    const carried = Array.from(onTheirWay, (json) => journalLine(generation, 'b', json));
    const head = Buffer.from(segmentHead(generation) + carried.join(''), 'utf8');
    if (head.length > segmentBytes) throw new Error('more calls are on their way than a segment holds');
    await file.write(head, 0);
    return { file, generation, position: head.length };
  }

  async function change(lastSettle: number, onTheirWay: Iterable<string>): Promise<ActiveSegment> {
    await ahead;
    const file = free.shift() ?? (await openAnother());
    try {
      const next = await activate(file, onTheirWay);
      // Settles that are not written yet will stand in the next one; counting them here only keeps this one longer.
      if (active !== null) retired.push({ file: active.file, lastSettle });
      active = next;
      openAhead();
      return next;
    } catch (error) {
      free = [file, ...free];
      throw error;
    }
  }

  return {
    openAhead,
    withRoom: async (neededBytes, lastSettle, onTheirWay) => {
      if (active !== null && segmentBytes - active.position >= neededBytes) return active;
      isChanging = true;
      try {
        return await change(lastSettle, onTheirWay);
      } finally {
        isChanging = false;
      }
    },
    activeWithRoom: (neededBytes) =>
      active !== null && !isChanging && segmentBytes - active.position >= neededBytes ? active : null,
    applied: (settleNumber) => {
      const isDone = (segment: { readonly lastSettle: number }) => segment.lastSettle <= settleNumber;
      free.push(...retired.filter(isDone).map(({ file }) => file));
      retired = retired.filter((segment) => !isDone(segment));
    },
    close: async () => {
      await ahead;
      const files = [...(active === null ? [] : [active]), ...retired].map(({ file }) => file);
      for (const file of [...files, ...free]) await file.close();
    },
  };
}
