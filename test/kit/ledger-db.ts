/** A real ledger file with a recorder over it, for tests of what the writer thread does, without the thread. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { z } from 'zod';

import { planSchema } from '../../shared/contract/plan.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';
import type { BegunCall, CallRecord, ChargeLine } from '../../shared/call.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { createPlansInForce, type PlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder, type Recorder, type Settled } from '../../main/ledger/record.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import type { Db } from '../../main/system/db.ts';
import { settledCall } from './call-rows.ts';

type PlanWish = z.input<typeof planSchema>;

export type LedgerDb = {
  readonly plans: PlansInForce;
  readonly db: Db;
  readonly recorder: Recorder;
  readonly settle: (begun: BegunCall, usage?: object, more?: Partial<CallRecord>) => Settled;
  /** Several in one transaction. */
  readonly settleAll: (calls: readonly { readonly begun: BegunCall; readonly usage?: object }[]) => void;
  /** A call from another source, with its price. */
  readonly record: (call: CallRecord, keys?: readonly string[], lines?: readonly ChargeLine[]) => Settled;
  readonly findings: () => readonly string[];
  readonly close: () => void;
};

export function openLedgerDb(
  book: () => PriceBook = () => currentBook,
  plan: PlanWish = { kind: 'cost' },
  ledgerId = 'ledger of a test',
): LedgerDb {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-db-'));
  const db = openLedgerFile(join(home, ledgerFileName), 'write', () => ledgerId);
  const plans = createPlansInForce(db, planSchema.parse(plan));
  const recorder = createRecorder(db, { dayOf: createDayOf('UTC'), plans, book });
  const together = <T>(run: () => T): T =>
    db.transaction(() => {
      const result = run();
      recorder.writeRollups();
      return result;
    })();
  return {
    db,
    plans,
    recorder,
    settle: (begun, usage, more = {}) =>
      together(() => {
        const settled = settledCall(begun, usage);
        const lines = more.costNanoUsd === undefined ? settled.lines : [];
        return recorder.settle(begun, { ...settled, outcome: { ...settled.outcome, ...more }, lines });
      }),
    settleAll: (calls) =>
      together(() => {
        for (const { begun, usage } of calls) recorder.settle(begun, settledCall(begun, usage));
      }),
    record: (call, keys = [], lines = linesOf(call)) => together(() => recorder.record(call, lines, keys)),
    findings: () => verifyLedger(db).findings.map(({ check, sentence }) => `${check}: ${sentence}`),
    close: () => {
      db.close();
      rmSync(home, { recursive: true });
    },
  };
}

function linesOf(call: CallRecord): readonly ChargeLine[] {
  return call.costNanoUsd === null ? [] : (repriceCall(call, currentBook)?.lines ?? []);
}
