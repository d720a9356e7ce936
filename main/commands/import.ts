/**
 * `tollkeeper import ledger FILE`, and what `import claude-code` does once its transcripts are being read: usage that did not pass the proxy. Goes
 * through the running engine, or writes the ledger itself when none runs. Safe to repeat: a call is one call, whichever way it came in.
 */
import { resolve } from 'node:path';

import {
  ledgerImportResultSchema,
  transcriptsResultSchema,
  type LedgerImportResult,
  type TranscriptsResult,
} from '../../shared/contract/api.ts';
import type { TranscriptReading } from '../intake/read-in-thread.ts';
import { callsPerChunkAlone, createIntake, type Intake, type IntakeOptions } from '../intake/start.ts';
import type { TranscriptPlaces } from '../intake/transcript-files.ts';
import { connectEngine } from './engine-client.ts';
import { count } from './count-words.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerHereAlone } from './ledger-alone.ts';
import { homeOf } from './ledger-reader.ts';

export type ImportFlags = { readonly home?: string; readonly json?: boolean };

/** `reading` was started ahead, or nothing when an engine ran then. */
export async function importTranscripts(
  places: TranscriptPlaces,
  reading: TranscriptReading | null,
  flags: ImportFlags,
  host: Host,
): Promise<ExitCode> {
  const engine = connectEngine(homeOf(flags.home, host));
  const started = reading === null ? {} : { startReading: () => reading };
  const result = engine
    ? transcriptsResultSchema.parse(await engine.ask('POST', '/api/import/claude-code', places))
    : await alone(flags, host, started, (intake) => intake.transcripts(places));
  writeLine(host.stdout, flags.json ? JSON.stringify(result) : transcriptsSentence(result));
  return 0;
}

/** Exit 1 when lines of the file were no exported calls. */
export async function importExport(path: string, flags: ImportFlags, host: Host): Promise<ExitCode> {
  const engine = connectEngine(homeOf(flags.home, host));
  const result = engine
    ? ledgerImportResultSchema.parse(await engine.ask('POST', '/api/import/ledger', { path: resolve(path) }))
    : await alone(flags, host, {}, (intake) => intake.ledger(resolve(path)));
  if (flags.json) writeLine(host.stdout, JSON.stringify(result));
  else {
    writeLine(host.stdout, ledgerSentence(result));
    for (const sentence of result.sentences) writeLine(host.stderr, sentence);
  }
  return result.broken === 0 ? 0 : 1;
}

async function alone<T>(
  flags: ImportFlags,
  host: Host,
  started: Pick<IntakeOptions, 'startReading'>,
  run: (intake: Intake) => Promise<T>,
): Promise<T> {
  const { ledger, settings, book } = await openLedgerHereAlone(homeOf(flags.home, host), host, 'import');
  try {
    const intake = createIntake({
      ledger,
      book: () => book,
      callId: host.ids.callId,
      clock: host.clock,
      settings,
      callsPerChunk: callsPerChunkAlone,
      ...started,
      onChanges: () => {},
    });
    return await run(intake);
  } finally {
    ledger.close();
  }
}

function transcriptsSentence(result: TranscriptsResult): string {
  const { files, newFiles, unreadableFiles, lines, brokenLines, ...tally } = result;
  if (files === 0) return 'No transcripts of Claude Code were found. Name its config folder: `import claude-code DIR`.';
  const broken = brokenLines === 0 ? '' : ` ${count(brokenLines)} broken lines were passed over.`;
  const unread =
    unreadableFiles === 0 ? '' : ` ${count(unreadableFiles)} transcripts cannot be read; allow it and import again.`;
  return `${count(newFiles)} of ${count(files)} transcripts held something new: ${count(lines)} lines, ${tallyWords(tally)}.${broken}${unread}`;
}

function ledgerSentence({ lines, broken, ...tally }: LedgerImportResult): string {
  const passed = broken === 0 ? '' : ` ${count(broken)} lines are no exported calls and were passed over.`;
  return `${count(lines)} lines: ${tallyWords(tally)}.${passed}`;
}

type Tally = Pick<TranscriptsResult, 'recorded' | 'unpriced' | 'corrected' | 'unchanged'>;

function tallyWords({ recorded, unpriced, corrected, unchanged }: Tally): string {
  const calls = recorded === 1 ? '1 new call' : `${count(recorded)} new calls`;
  const without = unpriced === 0 ? '' : ` (${count(unpriced)} of them unpriced: \`tollkeeper report\` says why)`;
  return `${calls}${without}, ${count(corrected)} known better now, ${count(unchanged)} known already`;
}
