/** An event that surely is not counted and is sent again: its corrected calls are in the new sum at once, and its old identifier still leads to them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { recordReports } from '../../../main/ledger/error-reports.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { recordAnswers } from '../../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../../main/ledger/take-due.ts';
import { retryEvent } from '../../../main/ledger/outbox-choices.ts';
import { readOutbox } from '../../../main/ledger/outbox-read.ts';
import { readMeterEvent } from '../../../main/ledger/read-meter-event.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb();
});
afterEach(() => {
  expect(ledger.findings()).toEqual([]);
  ledger.close();
});

const message = { messageId: 'msg_one' };
const nowMs = begunCall('x').startedAtMs + 3_600_000;
/** Sonnet 5.5: $2 in, $10 out a million. */
const micro = (input: number, output: number) => input * 2 + output * 10;
const settlePartial = () =>
  ledger.settle(
    begunCall('call_1'),
    { input_tokens: 100, output_tokens: 20 },
    { ...message, status: 'partial', isEstimated: true },
  );
const correct = (output = 50) => {
  const begun = begunCall('told', { source: 'claude_code', member: null, project: null, customer: null });
  const usage = { input_tokens: 100, output_tokens: output };
  ledger.record({ ...begun, ...settledCall(begun, usage).outcome, ...message });
};
function send(): string {
  sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
  const [event] = takeDueEvents(ledger.db, { nowMs, limit: 1 });
  if (!event) throw new Error('the event is due');
  const told = { nextAttemptAtMs: null, sentence: 'ok', mayHaveArrived: true, rejectionCode: null };
  recordAnswers(ledger.db, [{ id: event.id, nowMs, state: 'accepted', ...told }]);
  return event.identifier;
}
function reject(identifier: string): void {
  const sample = {
    code: 'meter_event_customer_not_found',
    message: 'No such customer.',
    requestIdentifier: identifier,
  };
  const report = { id: 'evt_1', createdMs: nowMs, errorCount: 1, sentence: '', samples: [sample] };
  recordReports(ledger.db, { reports: [report], readUpToMs: nowMs, nowMs });
}
const event = () =>
  ledger.db
    .prepare<[], { id: string; identifier: string; state: string; value: number; calls: number }>(
      'SELECT id, identifier, state, value, calls FROM meter_events',
    )
    .get();
const differences = () => readOutbox(ledger.db, { month: '2026-11', nowMs }).differences.calls;

describe('a rejected event that a person sends again', () => {
  it('has its corrected calls in the new sum at once', () => {
    settlePartial();
    const old = send();
    correct();
    expect(differences()).toBe(1);
    reject(old);
    expect(retryEvent(ledger.db, { id: old, nowMs })).toBe(true);

    expect(event()).toMatchObject({ state: 'sealed', value: micro(100, 50), calls: 1 });
    expect(event()?.identifier).not.toBe(old);
    expect(differences()).toBe(0);
  });

  it('takes up what is corrected while it waits, too', () => {
    settlePartial();
    const old = send();
    reject(old);
    retryEvent(ledger.db, { id: old, nowMs });
    correct();
    expect(event()).toMatchObject({ state: 'sealed', value: micro(100, 50) });
    expect(differences()).toBe(0);
  });

  it('is found by every identifier that it was ever sent under', () => {
    settlePartial();
    const old = send();
    correct();
    reject(old);
    retryEvent(ledger.db, { id: old, nowMs });
    const second = event()?.identifier ?? '';
    send();
    for (const id of [old, second]) {
      const found = readMeterEvent(ledger.db, id);
      expect(found?.calls.map((call) => call.id)).toEqual(['call_1']);
      expect(found?.spent.map(({ identifier }) => identifier)).toEqual([old]);
    }
  });
});

describe('an event that was opened again before it was sent', () => {
  it('leads to where its calls went', () => {
    settlePartial();
    sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
    const old = event()?.id ?? '';
    correct();
    expect(event()).toBeUndefined();
    sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
    const found = readMeterEvent(ledger.db, old);
    expect(found?.event.id).toBe(event()?.id);
    expect(found?.event.id).not.toBe(old);
    expect(found?.calls.map((call) => call.id)).toEqual(['call_1']);
    expect(found?.lead).toContain(`${old} was opened again before it was sent`);
  });
});
