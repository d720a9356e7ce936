/** `tollkeeper export`: every settled call, one a line (JSONL or CSV, shared/contract/export.ts), in constant memory whatever the ledger's size. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

import { AppError } from '../../shared/contract/errors.ts';
import { exportColumns, type ExportedCall } from '../../shared/contract/export.ts';
import { isDay } from '../../shared/period.ts';
import { exportCalls } from '../ledger/read-export.ts';
import { csvLine } from './csv.ts';
import { count } from './count-words.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf, openForReading } from './ledger-reader.ts';

export type ExportFlags = {
  readonly home?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format?: string;
};

/** Lines handed on together: fewer, larger writes. */
const linesPerWrite = 500;

export async function exportLedger(flags: ExportFlags, host: Host): Promise<ExitCode> {
  const format = flags.format ?? 'jsonl';
  if (format !== 'jsonl' && format !== 'csv')
    throw new AppError('bad_usage', `"${format}" is not a format.`, 'Choose jsonl or csv.');
  for (const day of [flags.from, flags.to]) {
    if (day !== undefined && !isDay(day))
      throw new AppError('bad_usage', `"${day}" is not a day.`, 'Write it as 2026-11-24.');
  }
  const told = { calls: 0, unpriced: 0 };
  const ledger = openForReading(homeOf(flags.home, host));
  const calls = ledger ? exportCalls(ledger.db, { from: flags.from ?? null, to: flags.to ?? null }) : [];
  try {
    await pipeline(Readable.from(together(linesOf(counted(calls, told), format))), host.stdout, { end: false });
    if (told.unpriced > 0) writeLine(host.stderr, unpricedSentence(told, format));
  } catch (error) {
    // The reader of the pipe (head, less) has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  } finally {
    ledger?.db.close();
  }
  return 0;
}

type Told = { calls: number; unpriced: number };

function* counted(calls: Iterable<ExportedCall>, told: Told): Generator<ExportedCall> {
  for (const call of calls) {
    told.calls += 1;
    if (call.cost_nano_usd === null) told.unpriced += 1;
    yield call;
  }
}

/** Whoever adds up the costs of the lines is told what the sum leaves out; on stderr, since the lines are data. */
function unpricedSentence({ calls, unpriced }: Told, format: 'jsonl' | 'csv'): string {
  const nothing = format === 'csv' ? 'empty' : 'null';
  return `${count(unpriced)} of ${count(calls)} calls are unpriced: their cost_nano_usd is ${nothing}, a sum of the others leaves them out, and unpriced_reason says why.`;
}

function* linesOf(calls: Iterable<ExportedCall>, format: 'jsonl' | 'csv'): Generator<string> {
  if (format === 'csv') yield csvLine(exportColumns);
  for (const call of calls)
    yield format === 'csv' ? csvLine(exportColumns.map((column) => call[column])) : `${JSON.stringify(call)}\n`;
}

function* together(lines: Iterable<string>): Generator<string> {
  let gathered: string[] = [];
  for (const line of lines) {
    gathered.push(line);
    if (gathered.length < linesPerWrite) continue;
    yield gathered.join('');
    gathered = [];
  }
  if (gathered.length > 0) yield gathered.join('');
}
