/** A seeded home whose outbox has met everything that a person decides about: refused later, held with two figures, set aside, leaving, days that differ. */
import { join } from 'node:path';

import { recordDays } from '../../main/ledger/confirmations.ts';
import { recordReports } from '../../main/ledger/error-reports.ts';
import { recordSubscriptions } from '../../main/ledger/invoice-periods.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { recordMinute } from '../../main/ledger/minute-readings.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { setAsideEvent } from '../../main/ledger/outbox-choices.ts';
import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder } from '../../main/ledger/record.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { begunCall, settledCall } from './call-rows.ts';

const dayMs = 24 * 3_600_000;

type Delivered = {
  readonly id: string;
  readonly identifier: string;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
};

/** Gives back the ids of what was rejected and what is held. */
export function troubleOutbox(home: string, nowMs: number): { readonly rejected: string; readonly held: string } {
  const db = openLedgerFile(join(home, ledgerFileName), 'write');
  const plan = planSchema.parse({ kind: 'cost' });
  const recorder = createRecorder(db, {
    dayOf: createDayOf('UTC'),
    plans: createPlansInForce(db, plan),
    book: () => currentBook,
  });
  // Two calls on the last day of Stripe's window, never sent.
  db.transaction(() => {
    for (const id of ['call_old_1', 'call_old_2']) {
      const begun = begunCall(id, { startedAtMs: nowMs - 34 * dayMs, customer: 'cus_northwind' });
      recorder.settle(begun, settledCall(begun, { input_tokens: 4_000_000, output_tokens: 900_000 }));
    }
    recorder.writeRollups();
  })();
  sealClosedMinutes(db, { nowMs, onTheirWay: [] });
  db.prepare(`UPDATE meter_events SET next_attempt_at_ms = ?, sealed_at_ms = ? WHERE state = 'sealed'`).run(
    nowMs + 3_600_000,
    nowMs - 3_600_000,
  );

  // One whose calls were corrected is opened again, and gone under its id, as soon as an attempt surely did not arrive.
  const delivered = db
    .prepare<[], Delivered>(
      `SELECT id, identifier, customer, meter, minute_ms AS minuteMs FROM meter_events
        WHERE state = 'accepted' AND id NOT IN (SELECT event_id FROM billing_differences) ORDER BY minute_ms DESC LIMIT 40`,
    )
    .all();
  const [rejected, held, ...more] = delivered;
  if (!rejected || !held) throw new Error('the seeded home has delivered events');
  const later = [rejected, ...more.slice(0, 3)].map(({ identifier }, index) => ({
    code: index === 0 ? 'meter_event_customer_not_found' : 'archived_meter',
    message: 'No such customer.',
    requestIdentifier: identifier,
  }));
  const report = { id: 'evt_1', createdMs: nowMs, errorCount: later.length, sentence: '', samples: later };
  recordReports(db, { reports: [report], readUpToMs: nowMs, nowMs });
  for (const { id } of more.slice(0, 3)) setAsideEvent(db, { id, nowMs });

  db.prepare(
    `UPDATE meter_events SET state = 'unknown', first_sent_at_ms = ?, last_sent_at_ms = ?, accepted_at_ms = NULL WHERE id = ?`,
  ).run(nowMs - 2 * dayMs, nowMs - 2 * dayMs, held.id);
  for (const readMs of [nowMs - 7_200_000, nowMs - 60_000])
    recordMinute(db, { ...held, stripeValue: 17, nowMs: readMs });
  // Of the days before, Stripe counts nothing.
  db.prepare(`UPDATE meter_events SET accepted_at_ms = accepted_at_ms - ? WHERE state = 'accepted'`).run(dayMs);
  for (const { customer, meter } of delivered) {
    const range = { customer, meter, fromMs: nowMs - 3 * dayMs - (nowMs % dayMs), toMs: nowMs - (nowMs % dayMs) };
    recordDays(db, { ...range, sums: [], nowMs });
  }
  // A subscription whose week ends tomorrow: what waits of it leaves that invoice.
  const period = {
    meter: rejected.meter,
    subscription: 'sub_1',
    startMs: nowMs - 35 * dayMs,
    endMs: nowMs + 20 * 3_600_000,
  };
  const running = { ...period, state: 'running', invoice: null, finalizesAtMs: null } as const;
  recordSubscriptions(db, { customer: 'cus_northwind', periods: [running], nowMs });
  db.close();
  return { rejected: rejected.id, held: held.id };
}
