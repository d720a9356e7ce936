/** The ledger of an outbox world as each part of the agent needs it, with the moments at which a kill may come. */
import { recordCancellation } from '../../main/ledger/cancellations.ts';
import { takeCancellations } from '../../main/ledger/take-cancellations.ts';
import { daysToCompare, recordDays } from '../../main/ledger/confirmations.ts';
import { doubtedDays, recordHours } from '../../main/ledger/doubted-days.ts';
import { recordReports, reportsFromMs } from '../../main/ledger/error-reports.ts';
import { askedItems, beginItem, endItem } from '../../main/ledger/invoice-items.ts';
import { customersToRead } from '../../main/ledger/customers-to-read.ts';
import { recordSubscriptions } from '../../main/ledger/invoice-periods.ts';
import { heldMinutes, putOffMinute, recordMinute } from '../../main/ledger/minute-readings.ts';
import { outboxSummary } from '../../main/ledger/outbox-read.ts';
import { sealClosedMinutes, wakeOutbox } from '../../main/ledger/outbox.ts';
import { readMetersOf } from '../../main/ledger/customer-month-rows.ts';
import { recordStripeDays } from '../../main/ledger/record-stripe-days.ts';
import { turnOutbox } from '../../main/ledger/record-answers.ts';
import type { AdjustmentStore } from '../../main/sync/adjustments.ts';
import type { OutboxStore } from '../../main/sync/agent.ts';
import type { ItemStore } from '../../main/sync/invoice-items.ts';
import type { MonthStore } from '../../main/sync/month-reader.ts';
import type { ReadingStore } from '../../main/sync/readings.ts';
import type { Db } from '../../main/system/db.ts';

/** After it was taken and before it left; after it left and before its answer is written down; right after that. */
export type KillMoment = 'before_send' | 'before_record' | 'after_record';

export function outboxStore(db: Db, die: (moment: KillMoment) => void): OutboxStore {
  return {
    seal: (nowMs) => Promise.resolve(sealClosedMinutes(db, { nowMs, onTheirWay: [] })),
    turn: (turn) =>
      Promise.resolve().then(() => {
        if (turn.answers.length > 0) die('before_record');
        const due = turnOutbox(db, { ...turn, readsInvoices: true });
        if (turn.answers.length > 0) die('after_record');
        return due;
      }),
    wake: (nowMs) => Promise.resolve(wakeOutbox(db, { nowMs })),
    waiting: () => Promise.resolve(outboxSummary(db).waitingEvents),
  };
}

export function readingStore(db: Db): ReadingStore {
  return {
    reportsFromMs: () => Promise.resolve(reportsFromMs(db)),
    recordReports: (read) => Promise.resolve(recordReports(db, read)),
    heldMinutes: (nowMs, limit) => Promise.resolve(heldMinutes(db, { nowMs, limit })),
    recordMinute: (reading) => Promise.resolve(recordMinute(db, reading)),
    putOffMinute: (refused) => Promise.resolve(putOffMinute(db, refused)),
    daysToCompare: (nowMs, limit) => Promise.resolve(daysToCompare(db, { nowMs, limit })),
    recordDays: (read) => Promise.resolve(recordDays(db, read)),
    doubtedDays: (nowMs, limit) => Promise.resolve(doubtedDays(db, { nowMs, limit })),
    recordHours: (read) => Promise.resolve(recordHours(db, read)),
    customersToRead: (nowMs, limit) => Promise.resolve(customersToRead(db, { nowMs, limit })),
    recordSubscriptions: (read) => Promise.resolve(recordSubscriptions(db, read)),
  };
}

export function itemStore(db: Db): ItemStore {
  return {
    begin: (question) => Promise.resolve(beginItem(db, question)),
    end: (end) => Promise.resolve(endItem(db, end)),
    asked: () => Promise.resolve(askedItems(db)),
  };
}

export function monthStore(db: Db): MonthStore {
  return {
    meters: (question) => Promise.resolve(readMetersOf(db, question)),
    record: (read) => Promise.resolve(recordStripeDays(db, read)),
  };
}

export function adjustmentStore(db: Db, die: (moment: KillMoment) => void): AdjustmentStore {
  return {
    take: (nowMs, limit) => Promise.resolve(takeCancellations(db, { nowMs, limit })),
    record: (answer) =>
      Promise.resolve().then(() => {
        die('before_record');
        recordCancellation(db, answer);
        die('after_record');
      }),
  };
}
