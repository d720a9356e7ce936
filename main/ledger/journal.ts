/**
 * The journal: makes begins and settles durable within one write, ahead of the ledger, so that a call waits for the bare disk and never for SQLite
 * (docs/decisions/0009-a-journal-before-the-ledger.md). What it holds is brought into the ledger meanwhile, and at the next start what was not.
 *
 * A begin is on the disk when it is answered. Begins gather while a write is on its way; the next write takes them all. A settle is handed to the kernel
 * at once, so that whatever kills this process leaves it, and is on the disk a moment later (later-sync.ts, docs/decisions/0007): nobody waits for it. Where that
 * cannot be done (no room in the segment, a disk that refuses) it gathers as begins do.
 * Each write begins with a line break: what stands before it may be the remains of a write that was cut.
 * While the disk refuses (`trouble`), begins are answered at once as not durable, and lines are kept (bounded) and tried again each second.
 */
import type { Clock, Timer } from '../system/clock.ts';
import { append, appendDurably, bytesOf } from './journal-append.ts';
import type { JournalLine } from './journal-line.ts';
import { openSegment, type OpenSegment } from './journal-segment.ts';
import { createSegments } from './journal-segments.ts';
import { createLaterSync } from './later-sync.ts';
import { forgetJournal } from './read-journal.ts';
import type { WriteTrouble } from './condition.ts';

/** Answered once. False: the disk refuses, and the line is tried again. */
export type Durable = (isDurable: boolean) => void;

export type Journal = {
  /** Takes room on the disk ahead of the first call, for whoever expects calls. */
  readonly prepare: () => void;
  /** `json` is what a start after a crash settles as interrupted. */
  readonly begin: (id: string, json: string, onDurable: Durable) => void;
  /**
   * Returns the number by which `applied` names it. `onDurable` is told before that where nothing has to be waited for; then the settle outlives the
   * process, and the machine a moment later.
   */
  readonly settle: (id: string, json: string, onDurable: Durable) => number;
  /** The ledger has every settle up to this number. */
  readonly applied: (settleNumber: number) => void;
  readonly trouble: () => WriteTrouble | null;
  /** Resolves when everything handed over so far is on the disk or was refused by it. */
  readonly flush: () => Promise<void>;
  /** Leaves no file behind when the ledger has everything; else what is there is for the next start. */
  readonly close: () => Promise<void>;
};

export type JournalOptions = {
  readonly folder: string;
  readonly clock: Clock;
  readonly open?: OpenSegment;
  readonly segmentBytes?: number;
};

/** Some 1,500 calls: its room is taken from the disk in a moment, and a team fills one in a day. */
const usualSegmentBytes = 2 * 1024 * 1024;
/** A line longer than this goes to the ledger alone; a usual one has a thousand characters. */
const lineCharactersMax = 512 * 1024;
/** Of UTF-8. Exact lengths would cost a second pass over every line. */
const bytesPerCharacterMax = 3;
/** Kept in memory while the disk refuses; beyond it the oldest begins are let go first, since their settle carries all they know. */
const waitingLinesMax = 100_000;
const retryDelayMs = 1_000;
/** A folder on a network may hold up even a copy into its cache, and with it every call: then settles gather for a while, as begins do. */
const slowWriteMs = 50;
const slowDiskMs = 10_000;

type Line = JournalLine & { onDurable: Durable | null };

export function createJournal(options: JournalOptions): Journal {
  const { folder, clock, open = openSegment, segmentBytes = usualSegmentBytes } = options;
  const segments = createSegments({ folder, open, segmentBytes });
  const onTheirWay = new Map<string, string>();
  let queue: Line[] = [];
  let lastSettle = 0;
  let appliedSettle = 0;
  let trouble: Omit<WriteTrouble, 'waiting'> | null = null;
  let isRefused = false;
  let writing: Promise<void> | null = null;
  let retry: Timer | null = null;
  const laterSync = createLaterSync(clock, refuse);
  let atOnceFromMs = -Infinity;

  function add(mark: JournalLine['mark'], json: string, onDurable: Durable): void {
    if (json.length > lineCharactersMax) return onDurable(false);
    const line: Line = { mark, json, onDurable };
    queue.push(line);
    if (isRefused) return answer(line, false);
    writing ??= write();
  }

  /** False: it has to gather. Never behind lines that wait, so that a disk that refuses is not asked at every call. */
  function writeAtOnce(json: string): boolean {
    const startedMs = clock.monotonicMs();
    if (isRefused || startedMs < atOnceFromMs || json.length > lineCharactersMax) return false;
    const segment = segments.activeWithRoom(roomFor(json));
    if (segment === null) return false;
    const isWritten = append(segment, bytesOf([{ mark: 's', json }], segment.generation));
    const endedMs = clock.monotonicMs();
    if (endedMs - startedMs > slowWriteMs) atOnceFromMs = endedMs + slowDiskMs;
    if (isWritten) laterSync.written(segment.file);
    return isWritten;
  }

  /** Begins at the end of the loop's turn, so that what arrived together is written together. */
  async function write(): Promise<void> {
    await endOfTurn();
    try {
      while (queue.length > 0) await writeGroup();
      trouble = null;
    } catch (error) {
      refuse(error);
    }
    writing = null;
  }

  async function writeGroup(): Promise<void> {
    const neededBytes = roomFor(queue[0]?.json ?? '');
    const segment = await segments.withRoom(neededBytes, lastSettle, onTheirWay.values());
    const group = firstThatFit(queue, segmentBytes - segment.position);
    await appendDurably(segment, bytesOf(group, segment.generation));
    queue.splice(0, group.length);
    for (const line of group) answer(line, true);
  }

  function refuse(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    trouble = { reason, code: typeof code === 'string' ? code : null, sinceMs: trouble?.sinceMs ?? clock.nowMs() };
    isRefused = true;
    queue = withinBound(queue);
    for (const line of queue) answer(line, false);
    retry?.cancel();
    retry = clock.after(retryDelayMs, () => {
      isRefused = false;
      writing ??= write();
    });
  }

  return {
    prepare: segments.openAhead,
    begin: (id, json, onDurable) => {
      if (json.length <= lineCharactersMax) onTheirWay.set(id, json);
      add('b', json, onDurable);
    },
    settle: (id, json, onDurable) => {
      onTheirWay.delete(id);
      lastSettle += 1;
      if (writeAtOnce(json)) onDurable(true);
      else add('s', json, onDurable);
      return lastSettle;
    },
    applied: (settleNumber) => {
      appliedSettle = Math.max(appliedSettle, settleNumber);
      segments.applied(appliedSettle);
    },
    trouble: () => (trouble === null ? null : { ...trouble, waiting: queue.length }),
    flush: async () => {
      while (writing !== null) await writing;
      await laterSync.now();
    },
    close: async () => {
      await writing;
      await laterSync.now();
      // A try that came after it would write files that nobody reads.
      retry?.cancel();
      await segments.close();
      if (onTheirWay.size === 0 && appliedSettle === lastSettle) forgetJournal(folder);
    },
  };
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function answer(line: Line, isDurable: boolean): void {
  const told = line.onDurable;
  line.onDurable = null;
  told?.(isDurable);
}

/** At most; with the checksum, the mark and the line breaks. */
function roomFor(json: string): number {
  return json.length * bytesPerCharacterMax + 16;
}

/** One at least: its room was asked for. */
function firstThatFit(lines: readonly Line[], roomBytes: number): readonly Line[] {
  let count = 0;
  let bytes = 0;
  for (const { json } of lines) {
    bytes += roomFor(json);
    if (bytes > roomBytes && count > 0) break;
    count += 1;
  }
  return lines.slice(0, count);
}

/** Settles first, and of the begins the newest, in their order. */
function withinBound(lines: Line[]): Line[] {
  let surplus = lines.length - waitingLinesMax;
  if (surplus <= 0) return lines;
  return lines.filter(({ mark }) => mark !== 'b' || surplus-- <= 0).slice(-waitingLinesMax);
}
