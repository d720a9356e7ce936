/** A home folder with a backlog of calls that no network has carried away: written by the product's recorder, its minutes sealed as they closed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder } from '../../main/ledger/record.ts';
import { moveRollupsToZone } from '../../main/ledger/rollup.ts';
import { writeFact } from '../../main/ledger/facts.ts';
import { settingsFileName } from '../../main/settings/store.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { begunCall, settledCall } from '../kit/call-rows.ts';

export type Backlog = {
  readonly calls: number;
  readonly customers: readonly string[];
  readonly callsPerMinute: number;
};

export const backlogMeter = planSchema.parse({ kind: 'cost' }).eventName;

const minuteMs = 60_000;
const together = 1_000;

/** Returns how many (customer, minute) the calls make: the fewest meter events that can be sent for them. */
export function fillWithBacklog(home: string, backlog: Backlog, settings: Partial<Settings>): number {
  const { calls, customers, callsPerMinute } = backlog;
  writeFileSync(join(home, settingsFileName), JSON.stringify({ timeZone: 'UTC', ...settings }));
  const db = openLedgerFile(join(home, ledgerFileName), 'write');
  moveRollupsToZone(db, 'UTC');
  writeFact(db, 'is_demo', 'false');
  const plan = planSchema.parse({ kind: 'cost' });
  const recorder = createRecorder(db, {
    dayOf: createDayOf('UTC'),
    plans: createPlansInForce(db, plan),
    book: () => currentBook,
  });
  const events = Math.ceil(calls / callsPerMinute);
  const minutes = Math.ceil(events / customers.length);
  const fromMs = Math.floor(Date.now() / minuteMs) * minuteMs - (minutes + 5) * minuteMs;
  for (let made = 0; made < calls; made += together) {
    db.transaction(() => {
      for (let call = made; call < Math.min(calls, made + together); call++) {
        const event = Math.floor(call / callsPerMinute);
        const customer = customers[event % customers.length] ?? null;
        const startedAtMs = fromMs + Math.floor(event / customers.length) * minuteMs + (call % callsPerMinute) * 1_000;
        const begun = begunCall(`call_${String(call).padStart(9, '0')}`, { customer, startedAtMs });
        recorder.settle(begun, settledCall(begun, { input_tokens: 1_000 + (call % 97), output_tokens: 7 }));
      }
      recorder.writeRollups();
    })();
  }
  while (sealClosedMinutes(db, { nowMs: Date.now(), onTheirWay: [] }) > 0);
  db.close();
  return events;
}
