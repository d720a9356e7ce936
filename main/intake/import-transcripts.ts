/**
 * Brings what is new in Claude Code's transcripts into the ledger: files → last states → calls → one transaction a chunk. A file is noted as read
 * after its calls are on the disk; what was read and not noted is read again, which changes nothing (a message is one call).
 * Reading goes on while the writer commits; at most one chunk is on its way.
 */
import type { DayChange } from '../../shared/corrections.ts';
import type { TranscriptsResult } from '../../shared/contract/api.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { IntakeFile } from '../ledger/intake-files.ts';
import type { Ledger } from '../ledger/open.ts';
import type { TakenIn, TakeInResult } from '../ledger/take-in.ts';
import { transcriptCall, type IntakeDefaults } from './transcript-call.ts';
import { readNewLines, transcriptFiles, transcriptRoots, type TranscriptPlaces } from './transcript-files.ts';
import { laterState, readTranscript, type TranscriptMessage } from './transcript-lines.ts';

export type ImportOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly book: () => PriceBook;
  readonly callId: () => string;
  readonly defaults: IntakeDefaults;
  /** Calls that share one transaction: few beside a running proxy, many when nothing else writes. */
  readonly callsPerChunk: number;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

/** @throws AppError `not_found` when the named folder holds no transcripts. */
export async function importTranscripts(places: TranscriptPlaces, options: ImportOptions): Promise<TranscriptsResult> {
  const files = transcriptFiles(transcriptRoots(places));
  const known = new Map((await options.ledger.read('intakeFiles', null)).map((file) => [file.path, file]));
  const result = {
    files: files.length,
    newFiles: 0,
    lines: 0,
    brokenLines: 0,
    recorded: 0,
    corrected: 0,
    unchanged: 0,
  };
  const sink = createSink(options, (taken) => {
    result.recorded += taken.recorded;
    result.corrected += taken.corrected;
    result.unchanged += taken.unchanged;
  });
  for (const path of files) {
    const states = new Map<string, TranscriptMessage>();
    let read: IntakeFile | null = null;
    for await (const { text } of readNewLines(path, known.get(path), (file) => (read = file))) {
      const part = readTranscript(text);
      result.lines += part.lines;
      result.brokenLines += part.brokenLines;
      for (const message of part.messages) keepLater(states, message);
    }
    if (read === null) continue;
    result.newFiles += 1;
    for (const message of states.values()) {
      await sink.add(transcriptCall(options.callId(), message, options.defaults, options.book()));
    }
    sink.noteRead(read);
  }
  await sink.end();
  return result;
}

function keepLater(states: Map<string, TranscriptMessage>, message: TranscriptMessage): void {
  const key = message.messageId ?? message.lineId ?? `${message.sessionId} ${message.lastAtMs}`;
  const known = states.get(key);
  states.set(key, known ? laterState(known, message) : message);
}

type Sink = {
  readonly add: (call: TakenIn) => Promise<void>;
  readonly noteRead: (file: IntakeFile) => void;
  readonly end: () => Promise<void>;
};

/** Gathers calls into chunks. A file is noted with the chunk that holds its last call, so never before it. */
function createSink({ ledger, callsPerChunk, onChanges }: ImportOptions, onTaken: (taken: TakeInResult) => void): Sink {
  let calls: TakenIn[] = [];
  let files: IntakeFile[] = [];
  let underWay: Promise<void> = Promise.resolve();

  async function write(chunk: readonly TakenIn[], read: readonly IntakeFile[]): Promise<void> {
    const taken = await ledger.write('takeIn', chunk);
    onTaken(taken);
    onChanges(taken.changes);
    if (read.length > 0) await ledger.write('noteFiles', read);
  }

  async function send(): Promise<void> {
    await underWay;
    underWay = write(calls, files);
    // Its failure is told by the next `send`; without this the process would end on it before.
    underWay.catch(() => {});
    calls = [];
    files = [];
  }

  return {
    add: async (call) => {
      calls.push(call);
      if (calls.length >= callsPerChunk) await send();
    },
    noteRead: (file) => files.push(file),
    end: async () => {
      await send();
      await underWay;
    },
  };
}
