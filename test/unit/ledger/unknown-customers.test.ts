/** Calls whose customer Stripe does not know, released to one that it does: what came back is billed once, and nothing of it goes to the old one again. */
import { afterEach, describe, expect, it } from 'vitest';

import { retryEvent, setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { readReleasable, readUnknownCustomers } from '../../../main/ledger/read-unmapped.ts';
import { recordAnswers, turnOutbox } from '../../../main/ledger/record-answers.ts';
import { release } from '../../../main/ledger/release.ts';
import { planKinds, planSchema, type Plan } from '../../../shared/contract/plan.ts';
import { metersOf } from '../../../shared/plan-meters.ts';
import { rejectionCodeOf } from '../../../shared/stripe-rejections.ts';
import { openOutboxWorld, worldMeters, type OutboxWorld } from '../../kit/outbox-world.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const which = { kind: 'customer', customer: 'cus_wrong' } as const;
const wrong = { customer: 'cus_wrong', project: 'webshop' } as const;
const none = { calls: 0, costNanoUsd: 0 };
let world: OutboxWorld;

afterEach(() => world.close());

function open(plan?: Plan): void {
  world = openOutboxWorld({ customers: ['cus_right', 'cus_other'], ...(plan === undefined ? {} : { plan }) });
}

/** Sends what waits, and reads the reports of what was sent. */
async function sendAndRead(): Promise<void> {
  world.clock.advance(120_000);
  await world.sync();
  world.clock.advance(hourMs);
  await world.sync();
}

function releaseAll(more: { readonly customer?: string; readonly withOlder?: boolean } = {}): number {
  const question = { which, customer: 'cus_right', withOlder: false, nowMs: world.clock.nowMs(), ...more };
  let released = 0;
  for (let after: number | null = 0; after !== null;) {
    const part = release(world.db, world.ledger.recorder, { ...question, after });
    released += part.released;
    after = part.next;
  }
  return released;
}

const releasable = () => readReleasable(world.db, { which, nowMs: world.clock.nowMs() });
const groups = () => readUnknownCustomers(world.db, { nowMs: world.clock.nowMs() });
const statesOf = (customer: string) => [
  ...new Set(
    world
      .events()
      .filter((event) => event.customer === customer)
      .map(({ state }) => state),
  ),
];
const differences = () => world.db.prepare<[], number>('SELECT COUNT(*) FROM billing_differences').pluck().get();
/** Of every meter, the shares of its current calls. */
function dueTo(customer: string): Readonly<Record<string, number>> {
  const rows = world.db
    .prepare<[string], { meter: string; amount: number }>(
      'SELECT meter, SUM(amount_thousandths) AS amount FROM outbox_shares WHERE customer = ? GROUP BY meter',
    )
    .all(customer);
  return Object.fromEntries(rows.map(({ meter, amount }) => [meter, Math.floor(amount / 1_000)]));
}

function expectAgreed(): void {
  for (const meter of worldMeters) {
    const { stripe, here } = world.sums('cus_right', meter);
    expect(stripe).toBe(here);
    expect(Number(here)).toBe(dueTo('cus_right')[meter] ?? 0);
    expect(world.sums('cus_wrong', meter)).toEqual({ stripe: 0n, here: 0n });
  }
  expect(differences()).toBe(0);
  expect(world.view().carryForwards).toEqual([]);
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
}

describe('calls whose customer Stripe does not know', () => {
  it.each(planKinds)('are billed once to the one they are released to, under the plan %s', async (kind) => {
    const plan = planSchema.parse({ kind });
    open(plan);
    const minuteMs = Math.floor(world.clock.nowMs() / 60_000) * 60_000;
    world.calls([wrong, wrong, { ...wrong, project: null, member: null }]);
    world.call({ customer: 'cus_other' });
    await sendAndRead();
    expect(statesOf('cus_wrong')).toEqual(['rejected']);
    const [group, ...others] = groups();
    expect(others).toEqual([]);
    expect(group).toMatchObject({ unknownCustomer: 'cus_wrong', project: null, calls: 3, older: none });
    expect(group?.firstMs).toBeGreaterThanOrEqual(minuteMs);
    const costNanoUsd = group?.costNanoUsd ?? 0;
    expect(releasable()).toMatchObject({ calls: 3, costNanoUsd, uncertain: none });

    const sentBefore = world.stripe.state.events.filter(({ customer }) => customer === 'cus_wrong').length;
    expect(releaseAll()).toBe(3);
    expect([releaseAll(), releaseAll({ customer: 'cus_other' })]).toEqual([0, 0]);
    expect(statesOf('cus_wrong')).toEqual(['withdrawn']);
    expect([groups(), differences()]).toEqual([[], 0]);
    await sendAndRead();
    expect(world.stripe.state.events.filter(({ customer }) => customer === 'cus_wrong')).toHaveLength(sentBefore);
    const told = world.events().filter(({ customer }) => customer === 'cus_right');
    expect(told).toHaveLength(
      metersOf(plan, ['claude-sonnet-5-5']).filter((m) => (dueTo('cus_right')[m.eventName] ?? 0) > 0).length,
    );
    expect(told.every((event) => event.minuteMs === minuteMs && event.state === 'accepted')).toBe(true);
    expectAgreed();
    const [reason] = world.db
      .prepare<[], string>(`SELECT correction_reason FROM calls WHERE customer = 'cus_right'`)
      .pluck()
      .all();
    expect(reason).toBe('Released to cus_right; Stripe does not know cus_wrong.');
  });

  it('are released from what was set aside as well: by a person after Stripe’s no, or before it was ever sent', async () => {
    open();
    world.call(wrong);
    await sendAndRead();
    setAsideEvent(world.db, { id: world.events()[0]?.id ?? '', nowMs: world.clock.nowMs() });
    world.clock.advance(120_000);
    world.call(wrong);
    world.clock.advance(120_000);
    sealClosedMinutes(world.db, { nowMs: world.clock.nowMs(), onTheirWay: [] });
    for (const id of world.idsIn('sealed')) setAsideEvent(world.db, { id, nowMs: world.clock.nowMs() });
    expect(world.view().carryForwards).toMatchObject([{ customer: 'cus_wrong', calls: 2 }]);
    expect(releaseAll()).toBe(2);
    await sendAndRead();
    expectAgreed();
  });

  it('are released from what Stripe refused at once, before it took any of it', async () => {
    open();
    world.calls([wrong, wrong]);
    world.clock.advance(120_000);
    sealClosedMinutes(world.db, { nowMs: world.clock.nowMs(), onTheirWay: [] });
    const [due] = turnOutbox(world.db, { nowMs: world.clock.nowMs(), limit: 1, answers: [] });
    const answer = { id: due?.id ?? '', nowMs: world.clock.nowMs(), state: 'rejected', nextAttemptAtMs: null } as const;
    const code = rejectionCodeOf("No such customer: 'cus_wrong'");
    recordAnswers(world.db, [{ ...answer, sentence: '', mayHaveArrived: false, rejectionCode: code }]);
    expect(groups()).toMatchObject([{ unknownCustomer: 'cus_wrong', calls: 2, uncertain: none }]);
    expect(releaseAll()).toBe(2);
    await sendAndRead();
    expect([statesOf('cus_wrong'), statesOf('cus_right')]).toEqual([[], ['accepted']]);
    expectAgreed();
  });

  it('stay where Stripe may count them, until it is known', async () => {
    open();
    world.call(wrong);
    await sendAndRead();
    world.clock.advance(120_000);
    world.call(wrong);
    world.clock.advance(120_000);
    // An answer that never came, then one that refuses: whether the first attempt arrived nobody knows.
    world.stripe.breakNext('drop_connection');
    await world.sync();
    const [id] = world.idsIn('unknown');
    world.db
      .prepare(
        `UPDATE meter_events SET state = 'rejected', rejection_code = 'other', next_attempt_at_ms = NULL WHERE id = ?`,
      )
      .run(id);
    world.wrongMoves();
    expect(releasable()).toMatchObject({ calls: 1, uncertain: { calls: 1 } });
    expect(groups()).toMatchObject([{ calls: 1, uncertain: { calls: 1 } }]);
    expect(releaseAll()).toBe(1);
    expect(statesOf('cus_wrong').toSorted()).toEqual(['rejected', 'withdrawn']);
    // Sent again it comes back, and is released then.
    retryEvent(world.db, { id: id ?? '', nowMs: world.clock.nowMs() });
    await sendAndRead();
    expect(releaseAll()).toBe(1);
    await sendAndRead();
    expectAgreed();
  });

  it('stay while one of the meters that count them may have taken them', async () => {
    open(planSchema.parse({ kind: 'tokens' }));
    world.call(wrong);
    await sendAndRead();
    const [id] = world.idsIn('rejected');
    world.db.prepare(`UPDATE meter_events SET state = 'accepted', rejection_code = NULL WHERE id = ?`).run(id);
    expect(releasable()).toMatchObject({ calls: 0, uncertain: { calls: 1 } });
    expect([groups(), releaseAll()]).toEqual([[], 0]);
    world.db.prepare(`UPDATE meter_events SET state = 'rejected', rejection_code = 'not_counted' WHERE id = ?`).run(id);
    world.wrongMoves();
    expect(releaseAll()).toBe(1);
    await sendAndRead();
    expectAgreed();
  });

  it('that left Stripe’s 35 days are told and stay, or are set aside for an item where that is asked for', async () => {
    open();
    world.calls(Array.from({ length: 9 }, () => wrong));
    await sendAndRead();
    world.clock.advance(36 * dayMs);
    world.call(wrong);
    await sendAndRead();
    expect(releasable()).toMatchObject({ calls: 1, older: { calls: 9 } });
    expect(releaseAll()).toBe(1);
    expect(groups()).toMatchObject([{ unknownCustomer: 'cus_wrong', calls: 0, older: { calls: 9 } }]);
    expect(releaseAll({ withOlder: true })).toBe(9);
    await sendAndRead();
    expect(statesOf('cus_wrong')).toEqual(['withdrawn']);
    expect(world.view().carryForwards).toMatchObject([{ customer: 'cus_right', calls: 9, events: 1 }]);
    expect(await world.createItem('cus_right')).toMatchObject({ kind: 'created' });
    expect([world.ledger.findings(), world.wrongMoves()]).toEqual([[], []]);
  });

  it('are told of no customer of whom Stripe refuses something else', async () => {
    open();
    world.stripe.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    world.call({ ...wrong, customer: 'cus_other' });
    await sendAndRead();
    expect(statesOf('cus_other')).toEqual(['rejected']);
    expect(groups()).toEqual([]);
  });

  it('are released in parts of whole minutes, however many there are', async () => {
    open(planSchema.parse({ kind: 'tokens' }));
    for (let minute = 0; minute < 3; minute++) {
      world.calls(Array.from({ length: 400 }, () => wrong));
      world.clock.advance(60_000);
    }
    await sendAndRead();
    const { recorder } = world.ledger;
    const first = release(world.db, recorder, {
      which,
      customer: 'cus_right',
      withOlder: false,
      nowMs: world.clock.nowMs(),
      after: 0,
    });
    expect(first.released).toBe(800);
    expect(first.next).not.toBeNull();
    // Between two parts the agent goes on: no minute is half the one's and half the other's.
    await world.sync();
    expect(releaseAll()).toBe(400);
    await sendAndRead();
    expectAgreed();
  });
});
