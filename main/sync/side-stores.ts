/** The ledger as each part of the sync room needs it. */
import type { Ledger } from '../ledger/open.ts';
import type { AdjustmentStore } from './adjustments.ts';
import type { ItemStore } from './invoice-items.ts';
import type { MonthStore } from './month-reader.ts';
import type { ReadingStore } from './readings.ts';

type Writing = Pick<Ledger, 'write'>;

export function readingStore({ write }: Writing): ReadingStore {
  return {
    reportsFromMs: () => write('reportsFromMs', null),
    recordReports: (read) => write('recordReports', read),
    heldMinutes: (nowMs, limit) => write('heldMinutes', { nowMs, limit }),
    recordMinute: (reading) => write('recordMinute', reading),
    putOffMinute: (refused) => write('putOffMinute', refused),
    daysToCompare: (nowMs, limit) => write('daysToCompare', { nowMs, limit }),
    recordDays: (read) => write('recordDays', read),
    doubtedDays: (nowMs, limit) => write('doubtedDays', { nowMs, limit }),
    recordHours: (read) => write('recordHours', read),
    customersToRead: (nowMs, limit) => write('customersToRead', { nowMs, limit }),
    recordSubscriptions: (read) => write('recordSubscriptions', read),
  };
}

export function itemStore({ write }: Writing): ItemStore {
  return {
    begin: (question) => write('beginItem', question),
    end: (end) => write('endItem', end),
    asked: () => write('askedItems', null),
  };
}

export function monthStore({ read, write }: Pick<Ledger, 'read' | 'write'>): MonthStore {
  return {
    meters: (question) => read('metersOf', question),
    record: (days) => write('recordStripeDays', days),
  };
}

export function adjustmentStore({ write }: Writing): AdjustmentStore {
  return {
    take: (nowMs, limit) => write('takeCancellations', { nowMs, limit }),
    record: (answer) => write('recordCancellation', answer),
  };
}
