/** What the reader thread answers by name: the dashboard's questions. Plain synchronous functions over a read-only connection. */
import type { CallsQuery } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';
import { readBatch, readPendingBatches } from './batches.ts';
import { readIntakeFiles } from './intake-files.ts';
import { readMeterEvent } from './read-meter-event.ts';
import { readLeavingWarnings } from './leaving-warnings.ts';
import { outboxSummary, readLeaving, readOutbox } from './outbox-read.ts';
import type { CallsFilter } from './call-conditions.ts';
import { readCall, readCalls, readFacets } from './read-calls.ts';
import { readCallsTotal } from './read-calls-total.ts';
import { readLimitsStart, type LimitsQuestion } from './read-limits.ts';
import { readLiveStart, type LiveQuestion } from './read-live.ts';
import { readBilledCustomers, readMetersOf } from './customer-month-rows.ts';
import { readCustomerMonth, type CustomerMonthQuestion } from './read-customer-month.ts';
import { readPlanFacts } from './read-plans.ts';
import { readPricedBy } from './read-priced-by.ts';
import { readMonth, type MonthQuestion } from './read-spend.ts';
import { readUsedModels } from './read-used-models.ts';
import { readReleasable, readUnknownCustomers, readUnmapped } from './read-unmapped.ts';
import { readUnpriced, type UnpricedQuestion } from './read-unpriced.ts';
import { readsUsed } from './stripe-reads.ts';
import { readBinding } from './stripe-account.ts';
import { verifyLedger } from './verify.ts';

export type ReaderFunctions = ReturnType<typeof createReaderFunctions>;

export function createReaderFunctions(db: Db) {
  return {
    liveStart: (question: LiveQuestion) => readLiveStart(db, question),
    limitsStart: (question: LimitsQuestion) => readLimitsStart(db, question),
    month: (question: MonthQuestion) => readMonth(db, question),
    calls: (query: CallsQuery) => readCalls(db, query),
    callsTotal: (query: CallsFilter) => readCallsTotal(db, query),
    unpriced: (question: UnpricedQuestion) => readUnpriced(db, question),
    pricedBy: (question: { readonly month: string }) => readPricedBy(db, question),
    call: (id: string) => readCall(db, id),
    facets: (_none: null) => readFacets(db),
    outboxSummary: (_none: null) => outboxSummary(db),
    leaving: (nowMs: number) => readLeaving(db, nowMs),
    leavingWarnings: (nowMs: number) => readLeavingWarnings(db, nowMs),
    outbox: (question: Parameters<typeof readOutbox>[1]) => readOutbox(db, question),
    planFacts: (_none: null) => readPlanFacts(db),
    meterEvent: (id: string) => readMeterEvent(db, id),
    unmapped: (question: Parameters<typeof readUnmapped>[1]) => readUnmapped(db, question),
    unknownCustomers: (question: Parameters<typeof readUnknownCustomers>[1]) => readUnknownCustomers(db, question),
    releasable: (question: Parameters<typeof readReleasable>[1]) => readReleasable(db, question),
    usedModels: (_none: null) => readUsedModels(db),
    readsUsed: ({ nowMs }: { readonly nowMs: number }) => readsUsed(db, nowMs),
    stripeBinding: (_none: null) => readBinding(db),
    customerMonth: (question: CustomerMonthQuestion) => readCustomerMonth(db, question),
    metersOf: (question: Parameters<typeof readMetersOf>[1]) => readMetersOf(db, question),
    billedCustomers: (_none: null) => readBilledCustomers(db),
    intakeFiles: (_none: null) => readIntakeFiles(db),
    batch: (id: string) => readBatch(db, id),
    pendingBatches: (question: Parameters<typeof readPendingBatches>[1]) => readPendingBatches(db, question),
    verify: (_none: null) => verifyLedger(db),
  };
}
