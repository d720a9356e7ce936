/** What `verify` says of a ledger that does not add up: each of its checks, on a real file damaged by hand. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb();
  ledger.settle(begunCall('call_1'), { input_tokens: 100, output_tokens: 50 }, { messageId: 'msg_one' });
  ledger.settle(begunCall('call_2'), { input_tokens: 100, output_tokens: 70 }, { messageId: 'msg_two' });
  sealClosedMinutes(ledger.db, { nowMs: begunCall('x').startedAtMs + 3_600_000, onTheirWay: [] });
  expect(ledger.findings()).toEqual([]);
});
afterEach(() => ledger.close());

/** Another row of the same message, as a fault in the keys would leave it. */
const copyOf = (id: string, as: string) => {
  const names = ledger.db
    .prepare<[], string>("SELECT name FROM pragma_table_info('calls') WHERE name NOT IN ('seq', 'id')")
    .pluck()
    .all()
    .join(', ');
  ledger.db.prepare(`INSERT INTO calls (id, ${names}) SELECT ?, ${names} FROM calls WHERE id = ?`).run(as, id);
};

describe('verify names', () => {
  it('a message that stands twice, whatever its keys say', () => {
    copyOf('call_1', 'call_3');
    expect(ledger.findings()).toContain('once: The message msg_one stands twice.');
  });

  it('a message whose key leads to another call, so that it would be counted again', () => {
    ledger.db.exec("UPDATE call_keys SET call_id = 'call_1' WHERE key = 'msg_two'");
    expect(ledger.findings()).toEqual(['once: The message msg_two stands twice.']);
    ledger.db.exec("DELETE FROM call_keys WHERE key = 'msg_two'");
    expect(ledger.findings()).toEqual(['once: The message msg_two stands twice.']);
  });

  it.each([
    [
      "UPDATE calls SET cost_nano_usd = cost_nano_usd + 1 WHERE id = 'call_1'",
      'charge lines: The charge lines of call_1',
    ],
    ['UPDATE rollups SET output_tokens = output_tokens - 1', 'rollups: The rollup of'],
    ['DELETE FROM rollups', 'rollups: The rollup of'],
    ['UPDATE meter_events SET value = value + 1', 'meter events: The meter event'],
    ['UPDATE outbox_shares SET event_id = NULL WHERE call_seq = 1', 'meter events: The meter event'],
  ])('what %s did', (sql, finding) => {
    ledger.db.exec(sql);
    expect(ledger.findings().join('\n')).toContain(finding);
  });

  it('a correction that does not follow the row it corrects', () => {
    copyOf('call_1', 'call_1b');
    ledger.db.exec("UPDATE calls SET revision = 2, corrects_seq = 2 WHERE id = 'call_1b'");
    expect(ledger.findings()).toContain('corrections: A correction of call_1b does not follow the row it corrects.');
  });

  it('a call that is billed twice', () => {
    copyOf('call_2', 'call_1b');
    ledger.db.exec(
      `UPDATE calls SET id = 'call_1', revision = 2, corrects_seq = 1 WHERE id = 'call_1b';
       INSERT INTO outbox_shares SELECT 3, customer, meter, minute_ms, amount_thousandths, worth_nano_usd, plan, NULL FROM outbox_shares WHERE call_seq = 1`,
    );
    expect(ledger.findings()).toContain('shares: call_1 is billed twice.');
  });
});
