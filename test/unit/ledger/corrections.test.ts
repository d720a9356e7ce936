/** One call, whichever way it came in: merges, repeats and corrections over a real file, with the rollups and the outbox that must follow. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { CallRecord } from '../../../shared/call.ts';
import { exportCalls } from '../../../main/ledger/read-export.ts';
import { readCall } from '../../../main/ledger/read-calls.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { recordAnswers } from '../../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../../main/ledger/take-due.ts';
import { readOutbox } from '../../../main/ledger/outbox-read.ts';
import { rerate } from '../../../main/ledger/rerate.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { createPriceBook, dataOf, type PriceBook } from '../../../shared/pricing/price-book.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
let book: PriceBook;

beforeEach(() => {
  book = currentBook;
  ledger = openLedgerDb(() => book);
});
afterEach(() => {
  expect(ledger.findings()).toEqual([]);
  ledger.close();
});

const message = { messageId: 'msg_one' };
const rows = () => [...exportCalls(ledger.db, { from: null, to: null })];
const total = () => ledger.db.prepare<[], number>('SELECT SUM(cost_nano_usd) FROM rollups').pluck().get();
/** A call as a transcript or an export tells it. */
function told(id: string, source: CallRecord['source'], usage: object, more: Partial<CallRecord> = {}): CallRecord {
  const begun = begunCall(id, { source, member: null, project: null, customer: null });
  return { ...begun, ...settledCall(begun, usage).outcome, ...message, ...more };
}
const minuteAfterMs = begunCall('x').startedAtMs + 3_600_000;
/** Sonnet 5.5: $2 in, $10 out a million. */
const cost = (input: number, output: number) => input * 2_000 + output * 10_000;

describe('a call told twice', () => {
  it('by the proxy and a transcript is one call, and the proxy’s own counts stay', () => {
    ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, message);
    const again = ledger.record(
      told('call_2', 'claude_code', { input_tokens: 100, output_tokens: 3 }, { isEstimated: true }),
    );

    expect(again.kind).toBe('unchanged');
    expect(rows()).toMatchObject([{ id: 'call_1', source: 'proxy', output_tokens: 50, cost_nano_usd: cost(100, 50) }]);
    expect(readCall(ledger.db, 'call_1')?.alsoSeen).toEqual([{ source: 'claude_code' }]);
  });

  it('cut by the proxy and known to its end by a transcript is corrected; the old figure stays visible', () => {
    ledger.settle(
      begunCall('call_1'),
      { input_tokens: 100, output_tokens: 20 },
      { ...message, status: 'partial', isEstimated: true },
    );
    const final = told(
      'call_2',
      'claude_code',
      { input_tokens: 100, output_tokens: 50 },
      { conversation: 'session-1' },
    );

    expect(ledger.record(final)).toMatchObject({ kind: 'corrected', callId: 'call_1' });
    expect(rows()).toMatchObject([
      {
        id: 'call_1',
        source: 'proxy',
        status: 'complete',
        estimated: false,
        output_tokens: 50,
        member: 'alice',
        conversation: 'session-1',
      },
    ]);
    expect(total()).toBe(cost(100, 50));
    expect(readCall(ledger.db, 'call_1')?.earlier).toMatchObject([
      { costNanoUsd: cost(100, 20), reason: 'A Claude Code transcript tells more of this call.' },
    ]);
  });

  it('first by a transcript and then by the proxy is one call with the proxy’s facts', () => {
    ledger.record(told('call_2', 'claude_code', { input_tokens: 100, output_tokens: 3 }, { isEstimated: true }));
    const later = ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, message);

    expect(later).toMatchObject({ kind: 'corrected', callId: 'call_2' });
    expect(rows()).toMatchObject([
      { id: 'call_2', source: 'proxy', member: 'alice', customer: 'cus_a', cost_nano_usd: cost(100, 50) },
    ]);
  });

  it('cut before it had a message is known by its request', () => {
    ledger.settle(
      begunCall('call_1'),
      {},
      {
        messageId: null,
        requestId: 'req_9',
        status: 'partial',
        isEstimated: true,
        passCount: 0,
        costNanoUsd: null,
        unpricedReason: 'cut',
      },
    );
    ledger.record(told('call_2', 'claude_code', { input_tokens: 100, output_tokens: 50 }, { requestId: 'req_9' }));

    expect(rows()).toMatchObject([
      { id: 'call_1', message_id: 'msg_one', cost_nano_usd: cost(100, 50), unpriced_reason: null },
    ]);
  });

  it('through the proxy with one message was answered by a cache: a row of its own, nothing to pay', () => {
    ledger.settle(begunCall('call_1'), undefined, message);
    expect(ledger.settle(begunCall('call_2'), undefined, message).kind).toBe('repeat');

    expect(rows()).toMatchObject([
      { id: 'call_1' },
      { id: 'call_2', message_id: null, cost_nano_usd: 0, input_tokens: 0 },
    ]);
    expect(readCall(ledger.db, 'call_2')?.repeatOf).toBe('call_1');
  });

  it('with one request id and two messages is two calls', () => {
    ledger.record(told('call_1', 'claude_code', { output_tokens: 1 }, { requestId: 'req_1' }));
    ledger.record(told('call_2', 'claude_code', { output_tokens: 1 }, { requestId: 'req_1', messageId: 'msg_two' }));
    expect(rows()).toHaveLength(2);
  });

  it('as the same line of a batch is one call, however often it is fetched', () => {
    const line = (id: string) =>
      told(id, 'batch', { input_tokens: 10, output_tokens: 1, service_tier: 'batch' }, { messageId: null });
    expect(ledger.record(line('call_1'), ['batch_1/a']).kind).toBe('recorded');
    expect(ledger.record(line('call_2'), ['batch_1/a']).kind).toBe('unchanged');
    expect(ledger.record(line('call_3'), ['batch_1/b']).kind).toBe('recorded');
    expect(rows()).toHaveLength(2);
  });

  it('by its own ledger id is one call: an export comes home', () => {
    ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, message);
    expect(ledger.record(told('call_1', 'import', { input_tokens: 100, output_tokens: 50 })).kind).toBe('unchanged');
    expect(rows()).toHaveLength(1);
  });
});

describe('the outbox of a corrected call', () => {
  const partial = { ...message, status: 'partial', isEstimated: true } as const;
  const settlePartial = () => ledger.settle(begunCall('call_1'), { input_tokens: 100_000, output_tokens: 20 }, partial);
  const correct = () => ledger.record(told('call_2', 'claude_code', { input_tokens: 100_000, output_tokens: 50 }));
  const events = () =>
    ledger.db.prepare<[], { value: number; revision: number }>('SELECT value, revision FROM meter_events').all();
  const seal = () => sealClosedMinutes(ledger.db, { nowMs: minuteAfterMs, onTheirWay: [] });

  it('follows while its minute is open', () => {
    settlePartial();
    correct();
    seal();
    expect(events()).toEqual([{ value: cost(100_000, 50) / 1_000, revision: 1 }]);
  });

  it('is sealed anew when its event had not left', () => {
    settlePartial();
    ledger.settle(begunCall('call_3'), { input_tokens: 1, output_tokens: 1 });
    seal();
    correct();
    expect(events()).toEqual([]);
    seal();
    expect(events()).toEqual([{ value: (cost(100_000, 50) + cost(1, 1)) / 1_000, revision: 1 }]);
  });

  it('is sealed anew when it was corrected while an attempt was under way that surely never arrived', () => {
    settlePartial();
    ledger.settle(begunCall('call_3'), { input_tokens: 1, output_tokens: 1 });
    seal();
    const [event] = takeDueEvents(ledger.db, { nowMs: minuteAfterMs, limit: 1 });
    correct();
    recordAnswers(ledger.db, [
      {
        id: event?.id ?? '',
        nowMs: minuteAfterMs,
        state: 'sealed',
        nextAttemptAtMs: minuteAfterMs,
        sentence: 'Offline.',
        mayHaveArrived: false,
        rejectionCode: null,
      },
    ]);
    const view = readOutbox(ledger.db, { month: '2026-11', nowMs: minuteAfterMs });
    expect(view.differences).toMatchObject({ calls: 0, nanoUsd: 0 });
    seal();
    expect(events()).toEqual([{ value: (cost(100_000, 50) + cost(1, 1)) / 1_000, revision: 1 }]);
  });

  it('stays as it was sent, and the difference is kept to settle', () => {
    settlePartial();
    seal();
    const [event] = takeDueEvents(ledger.db, { nowMs: minuteAfterMs, limit: 1 });
    if (!event) throw new Error('the event is due');
    recordAnswers(ledger.db, [
      {
        id: event.id,
        nowMs: minuteAfterMs,
        state: 'accepted',
        nextAttemptAtMs: null,
        sentence: 'ok',
        mayHaveArrived: true,
        rejectionCode: null,
      },
    ]);
    correct();

    expect(events()).toEqual([{ value: cost(100_000, 20) / 1_000, revision: 1 }]);
    expect(
      readOutbox(ledger.db, { month: '2026-11', nowMs: Date.parse('2026-11-25T00:00:00Z') }).differences,
    ).toMatchObject({ calls: 1, nanoUsd: 30 * 10_000 });
    expect(readCall(ledger.db, 'call_1')?.differences).toEqual([
      {
        unit: 'micro_usd',
        tokenClass: null,
        model: null,
        sentThousandths: cost(100_000, 20),
        dueThousandths: cost(100_000, 50),
        sentWorthNanoUsd: cost(100_000, 20),
        dueWorthNanoUsd: cost(100_000, 50),
      },
    ]);
    expect(seal()).toBe(0);
  });

  it('has no share for what did not pass this machine', () => {
    ledger.record(told('call_2', 'claude_code', { input_tokens: 100, output_tokens: 3 }, { customer: 'cus_a' }));
    ledger.record(
      told('call_3', 'import', { input_tokens: 100, output_tokens: 3 }, { messageId: 'msg_two', customer: 'cus_a' }),
    );
    expect(ledger.db.prepare('SELECT * FROM outbox_shares').all()).toEqual([]);
  });
});

describe('pricing past calls again', () => {
  const dearer = (times: number, without?: string) => {
    const data = dataOf(currentBook);
    const models = data.models
      .filter(({ id }) => id !== without)
      .map((model) => ({
        ...model,
        periods: model.periods.map((period) => ({
          ...period,
          standard: { ...period.standard, output: (period.standard.output ?? 0) * times },
        })),
      }));
    return createPriceBook({ ...data, version: `times-${times}`, models });
  };
  const run = (isTrial: boolean) =>
    rerate(ledger.db, { recorder: ledger.recorder, book }, { fromDay: '', toDay: '9999', afterSeq: 0, isTrial });

  it('makes corrections that name the old rows, and a trial changes nothing', () => {
    ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, message);
    book = dearer(2);
    expect(run(true)).toMatchObject({ checked: 1, changed: 1, differenceNanoUsd: 50 * 10_000, lastSeq: null });
    expect(total()).toBe(cost(100, 50));

    expect(run(false)).toMatchObject({ changed: 1 });
    expect(total()).toBe(cost(100, 100));
    const call = readCall(ledger.db, 'call_1');
    expect(call).toMatchObject({
      priceBook: 'times-2',
      correctionReason: `Priced again by price book times-2; it was priced by ${currentBook.version}.`,
    });
    expect(call?.earlier).toMatchObject([{ costNanoUsd: cost(100, 50), priceBook: currentBook.version }]);
    expect(run(false)).toMatchObject({ checked: 1, changed: 0 });
  });

  it('prices what no book knew before, and never takes a price away', () => {
    ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, message);
    book = dearer(1, 'claude-sonnet-5-5');
    expect(run(false)).toMatchObject({ changed: 0, kept: 1 });
    ledger.record(
      told(
        'call_2',
        'claude_code',
        { output_tokens: 5 },
        { messageId: 'msg_two', costNanoUsd: null, priceBook: null, unpricedReason: 'The model is not known.' },
      ),
    );
    book = dearer(3);
    expect(run(false)).toMatchObject({ changed: 2, newlyPriced: 1 });
    expect(rows().every(({ cost_nano_usd: nano }) => nano !== null)).toBe(true);
  });

  it('leaves alone what was free, what was never known and what another machine summed up', () => {
    ledger.settle(begunCall('call_1'), {}, { status: 'failed', passCount: 0, costNanoUsd: 0 });
    ledger.settle(
      begunCall('call_2'),
      {},
      { status: 'partial', passCount: 0, costNanoUsd: null, unpricedReason: 'cut', isEstimated: true },
    );
    ledger.record(
      told('call_3', 'import', { output_tokens: 5 }, { messageId: 'msg_3', passCount: 3 }),
      [],
      [
        {
          model: 'claude-sonnet-5-5',
          tokenClass: 'imported',
          quantity: 1,
          unitPricePicoUsd: cost(0, 5) * 1_000,
          amountPicoUsd: cost(0, 5) * 1_000,
          basis: 'theirs',
        },
      ],
    );
    book = dearer(2);
    expect(run(false)).toMatchObject({ checked: 3, changed: 0, kept: 1 });
  });
});
