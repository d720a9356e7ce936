/**
 * A kill (SIGKILL) of the real process while the calls of a delivered event are corrected: at every moment of its cancellation at Stripe, and of what takes
 * its place. At the end Stripe's sums equal the ledger's: the event is never counted beside what replaced it, and never taken back for nothing.
 */
import { afterEach, beforeEach, describe, it } from 'vitest';

import { takeCancellations } from '../../main/ledger/take-cancellations.ts';
import { recordSubscriptions } from '../../main/ledger/invoice-periods.ts';
import { correctCall, type CallChange } from '../kit/correct-call.ts';
import {
  customer,
  hourMs,
  openKillStage,
  otherCustomer,
  type Ending,
  type KillStage,
  type LedgerBefore,
} from '../kit/kill-stage.ts';

const sends = /^POST \/v1\/billing\/meter_events$/;
const cancels = /^POST \/v1\/billing\/meter_event_adjustments$/;
const summaries = /^GET .*\/event_summaries/;
const more: CallChange = { output: 500 };
const toAnother: CallChange = { customer: otherCustomer };
/** Longer than Stripe cancels an event, and than a summary lags. */
const askedAgoMs = 30 * hourMs;

let stage: KillStage;

beforeEach(async () => {
  stage = await openKillStage();
});
afterEach(() => stage.close());

/** Accepted an hour ago; since then each of its calls turned out to be another's, or to have had more tokens. */
function correctedSince(...changes: readonly CallChange[]): void {
  stage.ledgerOf(2 * hourMs, (ledger) => {
    stage.sentBefore(ledger.db, hourMs, 'accepted', true);
    recordSubscriptions(ledger.db, { customer, periods: [], nowMs: Date.now() - hourMs });
    correctAll(ledger, changes);
  });
}

function correctAll(ledger: LedgerBefore, changes: readonly CallChange[]): void {
  for (const [index, change] of changes.entries()) correctCall(ledger, `call_${index + 1}`, change);
}

/** Stripe was asked to cancel it 30 hours ago, and the answer never came; the summary of its minute has been read once since. */
function askedLongAgo(isCancelled: boolean): void {
  stage.ledgerOf(33 * hourMs, (ledger) => {
    const { db } = ledger;
    stage.sentBefore(db, 31 * hourMs, 'accepted', true);
    correctAll(ledger, [more]);
    const nowMs = Date.now() - askedAgoMs;
    recordSubscriptions(db, { customer, periods: [], nowMs });
    const [asked] = takeCancellations(db, { nowMs, limit: 1 });
    if (asked === undefined) throw new Error('Stripe is asked to cancel it');
    if (isCancelled) {
      const fields = { event_name: asked.meter, type: 'cancel', 'cancel[identifier]': asked.identifier };
      stage.toldBefore(askedAgoMs, '/v1/billing/meter_event_adjustments', fields);
    }
    const sinceMs = Date.now() - 2 * hourMs;
    db.prepare(
      `INSERT INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained)
       SELECT customer, meter, minute_ms, CASE WHEN ? THEN 0 ELSE value END, ?, ?, 0, 0 FROM meter_events`,
    ).run(Number(isCancelled), sinceMs, sinceMs);
  });
}

type Kill = {
  readonly name: string;
  readonly before: () => void;
  /** Ends with the process killed. */
  readonly kill: () => Promise<void>;
  readonly ends: Ending;
};

const corrected = () => correctedSince(more);
const assigned = () => correctedSince(toAnother, toAnother);
const sentAnew: Ending = { state: 'accepted', counted: 2, cancelled: 1 };
const withdrawn: Ending = { state: 'withdrawn', counted: 2, cancelled: 1 };
/** What differs is settled by a carry-forward. */
const asBefore: Ending = { state: 'confirmed', counted: 1, cancelled: 0 };

const kills: readonly Kill[] = [
  {
    name: 'cancelling, before Stripe is asked',
    before: corrected,
    kill: () => stage.killHeld('before', cancels),
    ends: sentAnew,
  },
  {
    name: 'cancelling, after Stripe cancelled it and before its answer',
    before: corrected,
    kill: () => stage.killHeld('after', cancels),
    ends: sentAnew,
  },
  {
    name: 'cancelling, after the answer and before it is written down',
    before: corrected,
    kill: () => stage.killAnswered(cancels),
    ends: sentAnew,
  },
  {
    name: 'cancelling, with the answer lost',
    before: corrected,
    kill: async () => {
      const first = stage.gate.hold('after', cancels);
      await stage.start();
      const held = await first;
      // The SDK asks a second time by itself when a connection is closed.
      const second = stage.gate.hold('before', cancels);
      held.breakOff();
      (await second).breakOff();
      await stage.stateIs('cancelling');
      await stage.kill();
    },
    ends: sentAnew,
  },
  {
    name: 'sealed anew, before Stripe has it',
    before: corrected,
    kill: () => stage.killHeld('before', sends),
    ends: sentAnew,
  },
  {
    name: 'sealed anew, after Stripe took it and before its answer',
    before: corrected,
    kill: () => stage.killHeld('after', sends),
    ends: sentAnew,
  },
  {
    name: 'sealed anew, after the answer and before it is written down',
    before: corrected,
    kill: () => stage.killAnswered(sends),
    ends: sentAnew,
  },
  {
    name: 'cancelling with nothing of it due, after the answer and before it is written down',
    before: assigned,
    kill: () => stage.killAnswered(cancels),
    ends: withdrawn,
  },
  { name: 'withdrawn', before: assigned, kill: () => stage.killIn('withdrawn'), ends: withdrawn },
  ...[true, false].flatMap((isCancelled): Kill[] => {
    const [what, ends] = isCancelled ? ['cancelled', sentAnew] : ['not cancelled', asBefore];
    const before = () => askedLongAgo(isCancelled);
    return [
      {
        name: `held and ${what}, while the summary of its minute is asked for`,
        before,
        kill: () => stage.killHeld('before', summaries),
        ends,
      },
      {
        name: `held and ${what}, with the summary read and not written down`,
        before,
        kill: () => stage.killAnswered(summaries),
        ends,
      },
    ];
  }),
];

describe('a kill while a corrected event is', () => {
  it.each(kills)('$name loses nothing and counts nothing twice', async ({ before, kill, ends }) => {
    before();
    await kill();
    await stage.endsAs(ends);
  });
});
