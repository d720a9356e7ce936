/** What `doctor` says of the ledger: whether it adds up, what is missing from it, how old its last backup is. */
import { join } from 'node:path';

import { isAppError } from '../../shared/contract/errors.ts';
import type { StripeAccountBinding } from '../../shared/stripe-binding.ts';
import { listBackups, newestDailyBackup } from '../ledger/backups.ts';
import { directRunRemedy, directRunsText, readDirectRuns } from '../ledger/direct-runs.ts';
import { gapRemedy, gapShownMs, gapText, readGaps, type Gap } from '../ledger/gaps.ts';
import { ledgerFileName } from '../ledger/ledger-file.ts';
import { readBinding } from '../ledger/stripe-account.ts';
import { countUnpriced } from '../ledger/read-unpriced.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { callsInWords, count } from './count-words.ts';
import { fine, finding, type Diagnosis } from './diagnosis.ts';
import { openForReading } from './ledger-reader.ts';

/** A backup a day; a machine that is off now and then has none of every day. */
const backupAgeMsMax = 3 * 86_400_000;

export function ledgerDiagnoses(home: string, nowMs: number): Diagnosis[] {
  try {
    const open = openForReading(home);
    if (open === null) return [fine('ledger', 'None yet; it is made at the first start.')];
    const { calls, findings } = verifyLedger(open.db);
    const isReadable = findings.every(({ check }) => check !== 'file');
    const all = callsInWords(calls, isReadable ? countUnpriced(open.db) : 0);
    const gaps = isReadable ? readGaps(open.db) : [];
    open.db.close();
    const sum =
      findings.length === 0
        ? fine('ledger', `${all}${open.isDemo ? ' (demo data)' : ''}: everything adds up.`)
        : finding(
            'ledger',
            `${all}: ${count(findings.length)} findings.`,
            'Run `tollkeeper verify` and keep a copy of the home folder.',
          );
    return [sum, ...gapDiagnoses(gaps, nowMs), ...(open.isDemo ? [] : [backups(home, nowMs)])];
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [finding('ledger', error.message, error.remedy)];
  }
}

export function gapDiagnoses(gaps: readonly Gap[], nowMs: number): Diagnosis[] {
  return gaps.filter(({ toMs }) => nowMs - toMs < gapShownMs).map((gap) => finding('gap', gapText(gap), gapRemedy));
}

/** Commands that ran past the proxy, with or without a ledger. */
export function directRunDiagnoses(home: string, nowMs: number): Diagnosis[] {
  const sentence = directRunsText(readDirectRuns(home), nowMs);
  return sentence === null ? [] : [finding('gap', sentence, directRunRemedy)];
}

/** Null where there is no ledger, or none that can be read: that is told above. */
export function boundAccount(home: string): StripeAccountBinding | null {
  try {
    const open = openForReading(home);
    const bound = open === null ? null : readBinding(open.db);
    open?.db.close();
    return bound;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return null;
  }
}

function backups(home: string, nowMs: number): Diagnosis {
  const file = join(home, ledgerFileName);
  const newest = newestDailyBackup(file);
  // A ledger of the last minutes has none yet: the first is made soon after the first start.
  if (newest === null) return fine('backups', 'None yet; the engine makes one a day while it runs.');
  const age = `${listBackups(file).length} in backups, the last of ${new Date(newest.atMs).toISOString().slice(0, 16)}Z.`;
  return nowMs - newest.atMs <= backupAgeMsMax
    ? fine('backups', age)
    : finding('backups', age, 'Start Tollkeeper and look into its log: it makes one a day where there is room for it.');
}
