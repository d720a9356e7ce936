/**
 * Brings a teammate's export (JSONL) into the ledger, in chunks of one transaction, in constant memory. A call that this machine saw itself stays
 * one call. A line that is no exported call is told and passed over; the rest is taken in. Importing the same file twice changes nothing.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import type { LedgerImportResult } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { packCalls, type TakenIn } from '../ledger/packed-calls.ts';
import type { ImportOptions } from './import-transcripts.ts';
import { readExportLine } from './read-export.ts';

/** Broken lines that are told one by one; the rest is counted. */
const sentencesMax = 10;

export type LedgerImportOptions = Pick<ImportOptions, 'ledger' | 'book' | 'callsPerChunk' | 'onChanges'>;

/** @throws AppError `not_found` when the file cannot be read, `bad_usage` when nothing in it is an exported call. */
export async function importLedger(path: string, options: LedgerImportOptions): Promise<LedgerImportResult> {
  const result = {
    lines: 0,
    recorded: 0,
    unpriced: 0,
    corrected: 0,
    unchanged: 0,
    broken: 0,
    sentences: [] as string[],
  };
  let chunk: TakenIn[] = [];

  async function send(): Promise<void> {
    const taken = await options.ledger.write('takeIn', packCalls(chunk));
    chunk = [];
    result.recorded += taken.recorded;
    result.unpriced += taken.unpriced;
    result.corrected += taken.corrected;
    result.unchanged += taken.unchanged;
    options.onChanges(taken.changes);
  }

  for await (const text of linesOf(path)) {
    if (text.trim() === '') continue;
    result.lines += 1;
    const line = readExportLine(text, result.lines, options.book());
    if (line.kind === 'call') chunk.push({ call: line.call, lines: line.lines, keys: [] });
    else {
      result.broken += 1;
      if (result.sentences.length < sentencesMax) result.sentences.push(line.sentence);
    }
    if (chunk.length >= options.callsPerChunk) await send();
  }
  if (result.lines > 0 && result.broken === result.lines) {
    throw new AppError(
      'bad_usage',
      `${path} is no export of Tollkeeper: ${result.sentences[0] ?? 'nothing in it is a call'}`,
      'Make one with `tollkeeper export --format jsonl > FILE`; a CSV cannot be imported.',
    );
  }
  if (chunk.length > 0) await send();
  return result;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, 'utf8');
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    throw new AppError('not_found', `${path} cannot be read.`, 'Name a file made by `tollkeeper export`.', error);
  } finally {
    stream.destroy();
  }
}
