/** Saying afterwards who made a call, over a real file, with the rollups and the outbox that must follow. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createPriceBook, dataOf } from '../../../shared/pricing/price-book.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { assign, type AssignQuestion } from '../../../main/ledger/assign.ts';
import { exportCalls } from '../../../main/ledger/read-export.ts';
import { readCall } from '../../../main/ledger/read-calls.ts';
import { readMonth } from '../../../main/ledger/read-spend.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb(() => createPriceBook(dataOf(currentBook)));
});
afterEach(() => {
  expect(ledger.findings()).toEqual([]);
  ledger.close();
});

const nobody = { member: null, project: null, customer: null };
const customers = {
  customer: null,
  customers: { projects: { webshop: 'cus_shop' }, members: { alice: 'cus_alice' } },
};
const ask = (more: Partial<AssignQuestion>) =>
  assign(ledger.db, ledger.recorder, {
    which: { kind: 'client', client: 'test' },
    member: 'alice',
    project: null,
    customers,
    afterSeq: 0,
    ...more,
  });
const who = () =>
  Object.fromEntries(
    [...exportCalls(ledger.db, { from: null, to: null })].map(({ id, member, project, customer }) => [
      id,
      [member, project, customer],
    ]),
  );
const byMember = () =>
  readMonth(ledger.db, { month: '2026-11', by: 'member', today: '2026-11-24', timeZone: 'UTC' }).rows.map(
    ({ key, spend }) => [key, spend.calls, spend.costNanoUsd > 0],
  );

function settle(id: string, more: Parameters<typeof begunCall>[1] = {}): void {
  ledger.settle(
    begunCall(id, { ...nobody, ...more }),
    { input_tokens: 100, output_tokens: 5 },
    { messageId: `msg_${id}` },
  );
}

describe('an unassigned call', () => {
  it('is assigned by its id: sums and the bill follow, and who it was for before stays visible', () => {
    settle('call_1');
    settle('call_2');
    expect(byMember()).toEqual([[null, 2, true]]);
    expect(ask({ which: { kind: 'call', id: 'call_1' } })).toMatchObject({ isKnown: true, assigned: 1, lastSeq: null });
    expect(who()).toEqual({ call_1: ['alice', null, 'cus_alice'], call_2: [null, null, null] });
    expect(byMember()).toEqual(
      expect.arrayContaining([
        ['alice', 1, true],
        [null, 1, true],
      ]),
    );
    expect(readCall(ledger.db, 'call_1')).toMatchObject({
      correctionReason: 'Assigned by hand; it was unassigned.',
      earlier: [{ reason: 'Assigned by hand; it was unassigned.' }],
    });
    const shares = ledger.db.prepare('SELECT customer FROM outbox_shares').pluck().all();
    expect(shares).toEqual(['cus_alice']);
  });

  it('is assigned with all like it: those of its conversation, its user or its client that have no member', () => {
    settle('call_1', { conversation: 'c1' });
    settle('call_2', { conversation: 'c1', member: 'bo' });
    settle('call_3', { conversation: 'c2' });
    settle('call_4', { client: null });
    settle('call_5', { client: 'other' });
    expect(ask({ which: { kind: 'conversation', conversation: 'c1' } })).toMatchObject({ assigned: 1, already: 0 });
    expect(who()).toMatchObject({ call_1: ['alice', null, 'cus_alice'], call_2: ['bo', null, null] });
    expect(ask({ project: 'webshop' })).toMatchObject({ assigned: 1 });
    expect(who()['call_3']).toEqual(['alice', 'webshop', 'cus_shop']);
    settle('call_6', { client: 'other', clientUser: 'user-7' });
    settle('call_7', { clientUser: 'user-7', member: 'bo' });
    expect(ask({ which: { kind: 'user', user: 'user-7' } })).toMatchObject({ assigned: 1 });
    expect(who()).toMatchObject({ call_6: ['alice', null, 'cus_alice'], call_7: ['bo', null, null] });
    expect(ask({ which: { kind: 'client', client: null }, member: 'carla' })).toMatchObject({ assigned: 1 });
    expect(who()).toMatchObject({ call_4: ['carla', null, null], call_5: [null, null, null] });
    expect(ask({})).toMatchObject({ assigned: 0, lastSeq: null, changes: [] });
  });

  it('keeps a customer that it named itself, and leaves one that followed from who made it', () => {
    settle('call_1', { customer: 'cus_named' });
    settle('call_2', { project: 'webshop', customer: 'cus_shop' });
    ask({ project: 'ops' });
    expect(who()).toEqual({ call_1: ['alice', 'ops', 'cus_named'], call_2: ['alice', 'ops', 'cus_alice'] });
  });

  it('can be assigned anew by its id; the same again changes nothing; one that is not there is told', () => {
    settle('call_1');
    const one = { kind: 'call', id: 'call_1' } as const;
    ask({ which: one });
    expect(ask({ which: one })).toMatchObject({ assigned: 0, already: 1 });
    expect(ask({ which: one, member: 'bo' })).toMatchObject({ assigned: 1 });
    expect(who()['call_1']).toEqual(['bo', null, null]);
    expect(readCall(ledger.db, 'call_1')?.correctionReason).toBe('Assigned by hand; it was alice.');
    expect(ask({ which: { kind: 'call', id: 'call_9' } })).toMatchObject({ isKnown: false, assigned: 0 });
  });

  it('is assigned chunk by chunk where there are many, each once', () => {
    for (let index = 0; index < 1_200; index++) settle(`call_${index}`);
    let assigned = 0;
    for (let afterSeq: number | null = 0; afterSeq !== null;) {
      const part = ask({ afterSeq });
      assigned += part.assigned;
      afterSeq = part.lastSeq;
    }
    expect(assigned).toBe(1_200);
    expect(byMember()).toEqual([['alice', 1_200, true]]);
  });
});
