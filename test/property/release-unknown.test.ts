/**
 * Calls of a customer that is deleted in Stripe at some time, or never was there, released in any order between seals, sends, faults, corrections and a
 * person's choices, under every plan: what Stripe counted stays, everything else is billed once, to the customer it was released to.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { retryEvent, setAsideEvent } from '../../main/ledger/outbox-choices.ts';
import { readReleasable } from '../../main/ledger/read-unmapped.ts';
import { release } from '../../main/ledger/release.ts';
import { planKinds, planSchema } from '../../shared/contract/plan.ts';
import { openOutboxWorld, worldMeter, worldMeters, type OutboxWorld } from '../kit/outbox-world.ts';

const known = ['cus_a', 'cus_b'] as const;
const which = { kind: 'customer', customer: 'cus_wrong' } as const;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      customer: fc.constantFrom('cus_wrong', 'cus_wrong', ...known),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(10_000, 120_000, hourMs, dayMs, 9 * dayMs),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'sync' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      customer: fc.constantFrom(...known),
      withOlder: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('retry' as const, 'set_aside' as const, 'correct' as const),
      nth: fc.nat(20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      fault: fc.constantFrom('lose_answer' as const, 'drop_connection' as const, 'error_500' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'arrive_unseen' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('meters' as const), areActive: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Returns how many; what it says beforehand is what it does, and a repetition does nothing. */
function releaseAll(world: OutboxWorld, to: { readonly customer: string; readonly withOlder: boolean }): number {
  const nowMs = world.clock.nowMs();
  const go = () => {
    let released = 0;
    for (let after: number | null = 0; after !== null;) {
      const part = release(world.db, world.ledger.recorder, { which, ...to, nowMs, after });
      released += part.released;
      after = part.next;
    }
    return released;
  };
  const told = readReleasable(world.db, { which, nowMs });
  const released = go();
  expect(released).toBe(told.calls + (to.withOlder ? told.older.calls : 0));
  expect(go()).toBe(0);
  return released;
}

const idsOf = ({ db }: OutboxWorld, customer: string) =>
  db.prepare<[string], string>('SELECT id FROM current_calls WHERE customer = ? ORDER BY id').pluck().all(customer);

function deleteCustomer({ stripe }: OutboxWorld): void {
  stripe.state.customers.set('cus_wrong', { id: 'cus_wrong', name: 'Gone', isDeleted: true });
}

/** While they are not, whatever is sent is refused at once, also what may have arrived before. */
function setMeters({ stripe }: OutboxWorld, isActive: boolean): void {
  for (const [id, meter] of stripe.state.meters) stripe.state.meters.set(id, { ...meter, isActive });
}

/** Stripe counts it, and all that is seen of it is that a second attempt is refused. */
async function arriveUnseen(world: OutboxWorld): Promise<void> {
  world.call({ customer: 'cus_wrong' });
  world.clock.advance(120_000);
  world.stripe.breakNext('lose_answer', 'lose_answer', 'lose_answer');
  await world.sync();
  setMeters(world, false);
  world.clock.advance(60_000);
  await world.sync();
  setMeters(world, true);
}

async function take(world: OutboxWorld, one: Step): Promise<void> {
  const nowMs = world.clock.nowMs();
  const nthOf = <Item>(all: readonly Item[], nth: number) => all[nth % Math.max(1, all.length)];
  switch (one.kind) {
    case 'call':
      return void world.calls(Array.from({ length: one.count }, () => ({ customer: one.customer })));
    case 'pass':
      return world.clock.advance(one.ms);
    case 'sync':
      return world.sync();
    case 'release':
      return void releaseAll(world, one);
    case 'fault':
      return world.stripe.breakNext(one.fault);
    case 'arrive_unseen':
      return arriveUnseen(world);
    case 'delete':
      return deleteCustomer(world);
    case 'meters':
      return setMeters(world, one.areActive);
    case 'retry':
    case 'set_aside': {
      const id = nthOf(world.idsIn('sealed', 'rejected', 'set_aside', 'unknown'), one.nth);
      if (id !== undefined) (one.kind === 'retry' ? retryEvent : setAsideEvent)(world.db, { id, nowMs });
      return;
    }
    case 'correct': {
      const id = nthOf(idsOf(world, 'cus_wrong'), one.nth);
      if (id !== undefined) world.correct(id, { output: 3 + one.nth });
      return;
    }
  }
}

/** Days in which a person sends again what may have arrived and releases what came back. */
async function becomeCalm(world: OutboxWorld): Promise<void> {
  deleteCustomer(world);
  setMeters(world, true);
  for (let round = 0; round < 12; round++) {
    const nowMs = world.clock.nowMs();
    for (const id of world.idsIn('rejected', 'set_aside')) if (round % 3 === 0) retryEvent(world.db, { id, nowMs });
    world.clock.advance(dayMs / 4);
    for (let time = 0; time < 3; time++) {
      world.clock.advance(hourMs);
      await world.sync();
    }
    releaseAll(world, { customer: 'cus_a', withOlder: true });
  }
  world.clock.advance(hourMs);
  await world.sync();
}

function expectAgreed(world: OutboxWorld): void {
  const all = (sql: string) => world.db.prepare<[], string>(sql).pluck().all();
  // A call stays with it only where Stripe counts it, on one meter at least.
  const counted = `SELECT 1 FROM calls t JOIN outbox_shares s ON s.call_seq = t.seq JOIN meter_events e ON e.id = s.event_id
                    WHERE t.id = c.id AND e.customer = 'cus_wrong' AND e.state IN ('accepted', 'confirmed')`;
  expect(all(`SELECT id FROM current_calls c WHERE customer = 'cus_wrong' AND NOT EXISTS (${counted})`)).toEqual([]);
  // Of those that were released nothing is left: not in an event, not as a difference.
  const ofOthers = `JOIN current_calls c USING (id) WHERE c.customer <> 'cus_wrong'`;
  expect(
    all(`SELECT id FROM calls t JOIN outbox_shares s ON s.call_seq = t.seq AND s.customer = 'cus_wrong' ${ofOthers}`),
  ).toEqual([]);
  expect(all(`SELECT id FROM (SELECT call_id AS id FROM billing_differences) ${ofOthers}`)).toEqual([]);
  for (const meter of worldMeters)
    for (const customer of [...known, 'cus_wrong']) {
      const { stripe, here } = world.sums(customer, meter);
      expect(stripe).toBe(here);
    }
  for (const customer of known) {
    const due = world.db
      .prepare<[string], { cost: number; input: number; output: number }>(
        `SELECT COALESCE(SUM(cost_nano_usd), 0) AS cost, COALESCE(SUM(input_tokens), 0) * 1000 AS input,
                COALESCE(SUM(output_tokens), 0) * 1000 AS output FROM current_calls WHERE customer = ?`,
      )
      .get(customer);
    const share = (meter: string) =>
      world.db
        .prepare<[string, string], number>(
          'SELECT SUM(amount_thousandths) FROM outbox_shares WHERE customer = ? AND meter LIKE ?',
        )
        .pluck()
        .get(customer, meter);
    const isCost = share('%') === null || share(worldMeter) !== null;
    if (isCost) expect(share(worldMeter) ?? 0).toBe(due?.cost);
    else expect([share('%input%'), share('%output%')]).toEqual([due?.input, due?.output]);
  }
  expect(world.ledger.findings()).toEqual([]);
}

/** Two of one day arrive unseen and are told one after the other: the second is no sign of another ledger. */
const arrivedAndToldLater: Step[] = [
  { kind: 'arrive_unseen' },
  { kind: 'arrive_unseen' },
  { kind: 'call', customer: 'cus_b', count: 1 },
  { kind: 'arrive_unseen' },
  { kind: 'release', customer: 'cus_a', withOlder: false },
  { kind: 'pass', ms: 10_000 },
  { kind: 'pass', ms: dayMs },
  { kind: 'sync' },
  { kind: 'meters', areActive: false },
];

describe('calls of a customer that Stripe does not know', () => {
  it.each(planKinds)(
    'are billed once each to another, in whatever order they come back and are released, under the plan %s',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40 }), async (steps) => {
          const world = openOutboxWorld({ customers: [...known, 'cus_wrong'], plan: planSchema.parse({ kind }) });
          try {
            for (const one of steps) await take(world, one);
            await becomeCalm(world);
            expectAgreed(world);
            expect(world.wrongMoves()).toEqual([]);
          } finally {
            world.close();
          }
        }),
        { numRuns: 25, examples: [[arrivedAndToldLater]] },
      );
    },
    120_000,
  );
});
