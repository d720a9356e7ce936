/** Shares as they are written: with their own call, however many are written at once, and gone with a transaction that failed. */
import { afterEach, describe, expect, it } from 'vitest';

import { planKinds } from '../../../shared/contract/plan.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
afterEach(() => ledger.close());

/** Every third has no customer, so that rows with and without shares are written together. */
function settleMany(first: number, count: number): void {
  for (let index = first; index < first + count; index++) {
    const begun = begunCall(`call_${index}`, { customer: index % 3 === 0 ? null : `cus_${index % 2}` });
    ledger.recorder.settle(begun, settledCall(begun, { input_tokens: 1_000 + index, output_tokens: 1 + index }));
  }
}

type Written = { readonly id: string; readonly billed: number; readonly cost: number; readonly tokens: number };

function written(): readonly Written[] {
  return ledger.db
    .prepare<[], Written>(
      `SELECT c.id, SUM(s.amount_thousandths) AS billed, c.cost_nano_usd AS cost, (c.input_tokens + c.output_tokens) * 1000 AS tokens
         FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq AND c.customer = s.customer GROUP BY c.seq ORDER BY c.seq`,
    )
    .all();
}

describe.each(planKinds)('shares under plan %s', (kind) => {
  it('stand with their own call, however many are written at once', () => {
    ledger = openLedgerDb(undefined, { kind });
    ledger.db.transaction(() => {
      settleMany(0, 110);
      ledger.recorder.writeRollups();
    })();
    const rows = written();
    expect(rows).toHaveLength(110 - 37);
    for (const { billed, cost, tokens } of rows) expect(billed).toBe(kind === 'cost' ? cost : tokens);
    expect(ledger.findings()).toEqual([]);
  });

  it('go with a transaction that failed, and are written with their meter and plan when it is tried again', () => {
    ledger = openLedgerDb(undefined, { kind });
    const attempt = (isRefused: boolean) => () => {
      settleMany(0, 40);
      ledger.recorder.writeRollups();
      if (isRefused) throw new Error('the disk is full');
    };
    expect(() => ledger.db.transaction(attempt(true))()).toThrow('the disk is full');
    ledger.recorder.forget();
    expect(ledger.db.prepare('SELECT COUNT(*) FROM meter_units').pluck().get()).toBe(0);
    ledger.db.transaction(attempt(false))();
    expect(written()).toHaveLength(40 - 14);
    expect(ledger.db.prepare('SELECT COUNT(*) FROM plans').pluck().get()).toBe(1);
    expect(ledger.findings()).toEqual([]);
  });
});
