/** What `verify` says of shares that are of the wrong plan, meter or unit, and of tokens that are counted nowhere. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planSchema } from '../../../shared/contract/plan.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';
import { sealAndSend } from '../../kit/outbox-steps.ts';

const startMs = Date.parse('2026-11-24T10:00:30Z');
let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb(undefined, { kind: 'tokens' });
  ledger.settle(begunCall('call_1', { startedAtMs: startMs }));
  ledger.plans.use({ plan: planSchema.parse({ kind: 'cost' }), nowMs: startMs });
  ledger.settle(begunCall('call_2', { startedAtMs: startMs + 60_000 }));
  sealAndSend(ledger.db, 'seal', 1);
});
afterEach(() => ledger.close());

const spoil = (sql: string) => {
  expect(ledger.findings()).toEqual([]);
  ledger.db.pragma('foreign_keys = OFF');
  ledger.db.exec(sql);
  return ledger.findings().filter((finding) => finding.startsWith('plans: '));
};

describe('verify', () => {
  it('names a call that is counted under another plan than that of its minute', () => {
    expect(spoil('UPDATE outbox_shares SET plan = 2 WHERE call_seq = 1')).toContain(
      'plans: call_1 is counted under another plan than that of its minute.',
    );
  });

  it('names a meter that is none of the plan that counts on it', () => {
    expect(spoil(`UPDATE plans SET plan = json_set(plan, '$.eventPrefix', 'other') WHERE seq = 1`)).toContain(
      'plans: The meter tollkeeper_tokens_input is none of the plan that counts on it.',
    );
  });

  it('names an event that has not the unit of its meter', () => {
    const [found] = spoil(`UPDATE meter_events SET unit = 'micro_usd' WHERE meter = 'tollkeeper_tokens_input'`);
    expect(found).toMatch(/has not the unit of its meter\.$/);
  });

  it('names a call whose tokens are counted nowhere, priced or not', () => {
    ledger.settle(begunCall('call_3', { startedAtMs: startMs + 1 }), undefined, {
      costNanoUsd: null,
      priceBook: null,
      unpricedReason: 'The model is not known.',
    });
    const found = spoil("DELETE FROM outbox_shares WHERE call_seq = (SELECT seq FROM calls WHERE id = 'call_3')");
    expect(found).toEqual(['plans: call_3 has a customer and tokens and is in no meter event, sealed or open.']);
  });
});
