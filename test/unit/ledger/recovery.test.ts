/** What is done about a ledger whose sums or whose outbox cannot be trusted: after a kill, and after a backup took its place. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { takeDueEvents } from '../../../main/ledger/take-due.ts';
import { retryEvent } from '../../../main/ledger/outbox-choices.ts';
import { findRecentDifferences, mendDifferences } from '../../../main/ledger/recent-check.ts';
import { distrustOutbox } from '../../../main/ledger/restored-outbox.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
const startMs = begunCall('x').startedAtMs;
const hourMs = 3_600_000;
const seal = (nowMs: number) => sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
const events = () =>
  ledger.db
    .prepare<[], { id: string; state: string; value: number; next_attempt_at_ms: number | null }>(
      'SELECT id, state, value, next_attempt_at_ms FROM meter_events ORDER BY id',
    )
    .all();
const take = (nowMs: number) => takeDueEvents(ledger.db, { nowMs, limit: 10 });

beforeEach(() => {
  ledger = openLedgerDb();
});
afterEach(() => {
  expect(ledger.findings()).toEqual([]);
  ledger.close();
});

describe('the sums of the last run', () => {
  it('are found right when they are', () => {
    ledger.settle(begunCall('call_1'));
    seal(startMs + hourMs);
    expect(findRecentDifferences(ledger.db)).toEqual({ days: [], events: [] });
  });

  it('that differ are named, made anew from the calls, and nothing else is touched', () => {
    ledger.settle(begunCall('call_1'));
    ledger.settle(begunCall('call_2', { startedAtMs: startMs - 24 * hourMs, member: 'bob' }));
    ledger.db.exec(`UPDATE rollups SET cost_nano_usd = cost_nano_usd + 1 WHERE member = 'alice'`);
    ledger.db.exec(`INSERT INTO rollups SELECT '2026-11-24', 'nobody', '', '', '', 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0`);
    const differences = findRecentDifferences(ledger.db);
    expect(differences).toEqual({ days: ['2026-11-24'], events: [] });
    expect(mendDifferences(ledger.db, differences)).toEqual([
      'The sums of 2026-11-24 were not those of its calls and have been made anew.',
    ]);
    expect(findRecentDifferences(ledger.db)).toEqual({ days: [], events: [] });
  });

  it('of a meter event that never left are sealed anew; one that may have left is named and kept', () => {
    ledger.settle(begunCall('call_1'));
    ledger.settle(begunCall('call_2', { customer: 'cus_b' }));
    seal(startMs + hourMs);
    const [first, second] = events();
    if (!first || !second) throw new Error('two customers, two events');
    const rightValue = first.value;
    ledger.db.prepare('UPDATE meter_events SET value = value + 7').run();
    ledger.db.prepare(`UPDATE meter_events SET state = 'unknown', first_sent_at_ms = 1 WHERE id = ?`).run(second.id);

    const differences = findRecentDifferences(ledger.db);
    expect(differences.events.toSorted()).toEqual([first.id, second.id].toSorted());
    const told = mendDifferences(ledger.db, differences);
    expect(told.join('\n')).toContain(`${first.id} was not the sum of its calls and is sealed anew`);
    expect(told.join('\n')).toContain(`${second.id} is not the sum of its calls and may have been sent; compare it`);
    seal(startMs + hourMs);
    expect(events().find(({ state }) => state === 'sealed')?.value).toBe(rightValue);
    // Put right by hand, so that the rest of the ledger can be checked.
    ledger.db.prepare('UPDATE meter_events SET value = value - 7 WHERE id = ?').run(second.id);
  });
});

describe('the outbox of a backup', () => {
  const backupAtMs = startMs + hourMs;

  it('holds what was sealed then, also when somebody retries', () => {
    ledger.settle(begunCall('call_1'));
    seal(backupAtMs);
    const [before] = events();
    const nowMs = backupAtMs + 2 * hourMs;
    expect(distrustOutbox(ledger.db, { backupAtMs, nowMs })).toBe(1);
    expect(events()).toMatchObject([{ id: before?.id, state: 'unknown', next_attempt_at_ms: null }]);
    expect(take(nowMs)).toEqual([]);
    expect(retryEvent(ledger.db, { id: events()[0]?.id ?? '', nowMs })).toBe(true);
    expect(take(nowMs)).toEqual([]);
  });

  it('sends a backlog that is too large to be weighed again, under its identifiers and while Stripe keeps them', () => {
    for (let call = 0; call < 201; call++)
      ledger.settle(begunCall(`call_${call}`, { startedAtMs: startMs - call * 60_000 }));
    seal(backupAtMs);
    const before = events().map(({ id }) => id);
    expect(distrustOutbox(ledger.db, { backupAtMs, nowMs: backupAtMs + 2 * hourMs })).toBe(0);
    const due = take(backupAtMs + 2 * hourMs);
    expect(due.length).toBeGreaterThan(0);
    for (const event of due) {
      expect(before).toContain(event.identifier);
      expect(event).toMatchObject({ wasUnknown: true, firstSentAtMs: backupAtMs });
    }
    ledger.db.exec(`UPDATE meter_events SET state = 'unknown', next_attempt_at_ms = 0`);
    expect(distrustOutbox(ledger.db, { backupAtMs, nowMs: backupAtMs + 30 * hourMs })).toBe(201);
    expect(take(backupAtMs + 30 * hourMs)).toEqual([]);
  });

  it('seals and holds what was open: calls of its minute may be missing, so it would be sealed otherwise', () => {
    ledger.settle(begunCall('call_1', { startedAtMs: backupAtMs - 1_000 }));
    expect(distrustOutbox(ledger.db, { backupAtMs, nowMs: backupAtMs + hourMs })).toBe(1);
    expect(events()).toMatchObject([{ state: 'unknown', next_attempt_at_ms: null }]);
    expect(take(backupAtMs + 2 * hourMs)).toEqual([]);
  });

  it('leaves alone what was delivered', () => {
    ledger.settle(begunCall('call_1'));
    seal(backupAtMs);
    ledger.db.exec(`UPDATE meter_events SET state = 'accepted', accepted_at_ms = 1, next_attempt_at_ms = NULL`);
    distrustOutbox(ledger.db, { backupAtMs, nowMs: backupAtMs + hourMs });
    expect(events()).toMatchObject([{ state: 'accepted' }]);
  });
});

describe('verify', () => {
  it('names a call that is billed nowhere, and a remainder that nothing explains', () => {
    ledger.settle(begunCall('call_1'));
    ledger.settle(begunCall('call_2', { customer: 'cus_b' }), {
      input_tokens: 1,
      output_tokens: 1,
      cache_read_input_tokens: 1,
    });
    seal(startMs + hourMs);
    ledger.db.exec(`CREATE TEMP TABLE kept AS SELECT * FROM outbox_shares WHERE customer = 'cus_b'`);
    ledger.db.exec(
      `DELETE FROM outbox_shares WHERE customer = 'cus_b'; UPDATE remainders SET thousandths = 5 WHERE customer = 'cus_a'`,
    );
    expect(ledger.findings()).toEqual(
      expect.arrayContaining([
        'billed: call_2 has a customer and a cost and is in no meter event, sealed or open.',
        'remainders: What is carried over for cus_a is not what its meter events left.',
      ]),
    );
    ledger.db.exec(
      `INSERT INTO outbox_shares SELECT * FROM kept; UPDATE remainders SET thousandths = 0 WHERE customer = 'cus_a'`,
    );
  });
});
