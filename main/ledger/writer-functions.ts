/** What the writer thread does by name besides applying settles. Plain synchronous functions over the one writing connection. */
import type { KeptBudgetWarning, KeptParent, KeptWarning } from '../../shared/contract/limits-start.ts';
import type { LeavingWarning } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import type { CalibrationState } from '../../shared/output-estimate.ts';
import type { Db } from '../system/db.ts';
import { assign, type AssignQuestion } from './assign.ts';
import { noteBatch, noteMetered, type BatchNews, type MeteredBatch } from './batches.ts';
import { keepBudgetWarnings } from './budget-warnings.ts';
import type { BookInForce } from './book-in-force.ts';
import { keepParent } from './conversation-parents.ts';
import type { PlansInForce, PlanWish } from './plans-in-force.ts';
import type { PackedCalls } from './packed-calls.ts';
import { readFact, writeFact, type FactName } from './facts.ts';
import { readGaps } from './gaps.ts';
import { releaseSending, sealClosedMinutes, wakeOutbox } from './outbox.ts';
import { turnOutbox, type OutboxTurn } from './record-answers.ts';
import { retryEvent, setAsideEvent } from './outbox-choices.ts';
import { setAdjustsSentEvents } from './adjusts-sent-events.ts';
import { recordCancellation, type CancellationAnswer } from './cancellations.ts';
import { takeCancellations, type CancellationsQuestion } from './take-cancellations.ts';
import { carryForward, type CarryQuestion } from './carry-forwards.ts';
import { recordDays, daysToCompare } from './confirmations.ts';
import { doubtedDays, recordHours, type HoursRead } from './doubted-days.ts';
import { recordReports, reportsFromMs } from './error-reports.ts';
import { customersToRead, type CustomersQuestion } from './customers-to-read.ts';
import { recordSubscriptions, type SubscriptionsRead } from './invoice-periods.ts';
import { askedItems, beginItem, endItem, type ItemEnd } from './invoice-items.ts';
import { heldMinutes, putOffMinute, recordMinute } from './minute-readings.ts';
import { bindAccount, giveUpAccount, type Contact } from './stripe-account.ts';
import { allowRead } from './stripe-reads.ts';
import { noteIntakeFiles, type IntakeFile } from './intake-files.ts';
import { keepLeavingWarnings } from './leaving-warnings.ts';
import { mendDifferences, type RecentDifferences } from './recent-check.ts';
import { release, type ReleaseQuestion } from './release.ts';
import { holdJournaled } from './restored-journal.ts';
import { rerate, type RerateQuestion } from './rerate.ts';
import { forgetJournal, readJournal } from './read-journal.ts';
import { readBudgetSums, type LimitsQuestion } from './read-limits.ts';
import { recordStripeDays, type StripeDaysRead } from './record-stripe-days.ts';
import { recoverCalls } from './recover.ts';
import type { Recorder } from './record.ts';
import { moveRollupsToZone } from './rollup.ts';
import { takeIn } from './take-in.ts';
import { keepWarnings } from './warnings.ts';

export type WriterFunctions = ReturnType<typeof createWriterFunctions>;

type Preparation = {
  readonly isDemo: boolean;
  readonly timeZone: string;
  readonly nowMs: number;
  readonly journalFolder: string;
};

export type WriterParts = {
  readonly recorder: Recorder;
  readonly prices: BookInForce;
  readonly plans: PlansInForce;
  /** What the settings say at the start. */
  readonly plan: Plan;
};

export function createWriterFunctions(db: Db, { recorder, prices, plans, plan }: WriterParts) {
  return {
    prepare: ({ isDemo, timeZone, nowMs, journalFolder }: Preparation) => {
      keepDemoApart(db, isDemo);
      moveRollupsToZone(db, timeZone);
      releaseSending(db);
      prices.remember(nowMs);
      plans.use({ plan, nowMs });
      const interruptedCalls = recoverCalls(db, recorder, readJournal(journalFolder), nowMs);
      holdJournaled(db, nowMs);
      // Not before all of it is committed.
      forgetJournal(journalFolder);
      return { interruptedCalls, gaps: readGaps(db) };
    },
    sealClosedMinutes: (question: Parameters<typeof sealClosedMinutes>[1]) => sealClosedMinutes(db, question),
    turnOutbox: (turn: OutboxTurn) => turnOutbox(db, turn),
    retryEvent: (question: Parameters<typeof retryEvent>[1]) => retryEvent(db, question),
    setAsideEvent: (question: Parameters<typeof setAsideEvent>[1]) => setAsideEvent(db, question),
    takeCancellations: (question: CancellationsQuestion) => takeCancellations(db, question),
    recordCancellation: (answer: CancellationAnswer) => recordCancellation(db, answer),
    setAdjusts: (isOn: boolean) => setAdjustsSentEvents(db, isOn),
    customersToRead: (question: CustomersQuestion) => customersToRead(db, question),
    recordSubscriptions: (read: SubscriptionsRead) => recordSubscriptions(db, read),
    keepLeavingWarnings: (warnings: readonly LeavingWarning[]) => keepLeavingWarnings(db, warnings),
    recordStripeDays: (read: StripeDaysRead) => recordStripeDays(db, read),
    beginItem: (question: CarryQuestion) => beginItem(db, question),
    endItem: (end: ItemEnd) => endItem(db, end),
    askedItems: (_none: null) => askedItems(db),
    carryForward: (question: Parameters<typeof carryForward>[1]) => carryForward(db, question),
    bindAccount: (contact: Contact) => bindAccount(db, contact),
    giveUpAccount: (_none: null) => giveUpAccount(db),
    allowRead: (question: Parameters<typeof allowRead>[1]) => allowRead(db, question),
    heldMinutes: (question: Parameters<typeof heldMinutes>[1]) => heldMinutes(db, question),
    recordMinute: (reading: Parameters<typeof recordMinute>[1]) => recordMinute(db, reading),
    putOffMinute: (refused: Parameters<typeof putOffMinute>[1]) => putOffMinute(db, refused),
    reportsFromMs: (_none: null) => reportsFromMs(db),
    recordReports: (read: Parameters<typeof recordReports>[1]) => recordReports(db, read),
    daysToCompare: (question: Parameters<typeof daysToCompare>[1]) => daysToCompare(db, question),
    recordDays: (read: Parameters<typeof recordDays>[1]) => recordDays(db, read),
    doubtedDays: (question: Parameters<typeof doubtedDays>[1]) => doubtedDays(db, question),
    recordHours: (read: HoursRead) => recordHours(db, read),
    wakeOutbox: (question: Parameters<typeof wakeOutbox>[1]) => wakeOutbox(db, question),
    takeIn: (calls: PackedCalls) => takeIn(db, recorder, calls),
    useBook: (question: Parameters<BookInForce['use']>[0]) => prices.use(question),
    usePlan: (wish: PlanWish) => plans.use(wish),
    rerate: (question: RerateQuestion) => rerate(db, { recorder, book: prices.book() }, question),
    assign: (question: AssignQuestion) => assign(db, recorder, question),
    release: (question: ReleaseQuestion) => release(db, recorder, question),
    mendDifferences: (differences: RecentDifferences) => mendDifferences(db, differences),
    keepCalibration: (state: CalibrationState) => keepFact(db, 'output_calibration', JSON.stringify(state)),
    keepLimits: (memory: string) => keepFact(db, 'limits_memory', memory),
    keepWarnings: (warnings: readonly KeptWarning[]) => keepWarnings(db, warnings),
    keepBudgetWarnings: (warnings: readonly KeptBudgetWarning[]) => keepBudgetWarnings(db, warnings),
    keepParent: (kept: KeptParent) => keepParent(db, kept),
    budgetSums: (question: LimitsQuestion) => readBudgetSums(db, question),
    noteFiles: (files: readonly IntakeFile[]) => noteIntakeFiles(db, files),
    noteBatch: (batch: BatchNews) => noteBatch(db, batch),
    noteMetered: (batch: MeteredBatch) => noteMetered(db, batch),
  };
}

/** False when the disk refuses: what is not kept is learnt again, and no engine fails to end over it. */
function keepFact(db: Db, name: FactName, value: string): boolean {
  try {
    writeFact(db, name, value);
    return true;
  } catch {
    return false;
  }
}

/** Demo data never stands in a real ledger, nor real data in a demo one: a bill would be made of it. */
function keepDemoApart(db: Db, isDemo: boolean): void {
  const recorded = readFact(db, 'is_demo');
  if (recorded === null) return writeFact(db, 'is_demo', String(isDemo));
  if (recorded === String(isDemo)) return;
  throw new AppError(
    'home_mismatch',
    isDemo ? 'This home folder holds real calls; a demo would mix with them.' : 'This home folder holds demo data.',
    isDemo ? 'Start the demo with another --home.' : 'Start with another --home, or add --demo.',
  );
}
