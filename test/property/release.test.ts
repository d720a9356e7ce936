/** Calls without a customer that are released in any order, repeated, between seals, sends and days that pass: each is billed once, to the customer it was released to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readUnmapped } from '../../main/ledger/read-unmapped.ts';
import { release, type ReleaseQuestion } from '../../main/ledger/release.ts';
import type { ReleasedCalls } from '../../shared/contract/stripe-customers.ts';
import { windowMs } from '../../shared/meter-event.ts';
import { openOutboxWorld, type OutboxWorld } from '../kit/outbox-world.ts';

const customers = ['cus_a', 'cus_b'] as const;
const dayMs = 24 * 3_600_000;
const projects = ['shop', 'ops', null] as const;
const members = ['alice', 'bo', null] as const;

type Step =
  | { readonly kind: 'call'; readonly project: string | null; readonly member: string | null }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'sync' }
  | {
      readonly kind: 'release';
      readonly which: ReleasedCalls;
      readonly customer: string;
      readonly withOlder: boolean;
      readonly times: number;
    };

const which: fc.Arbitrary<ReleasedCalls> = fc.oneof(
  fc.constantFrom('shop', 'ops').map((project) => ({ kind: 'project' as const, project })),
  fc.constantFrom('alice', 'bo').map((member) => ({ kind: 'member' as const, member })),
  fc.constant({ kind: 'nobody' as const }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      project: fc.constantFrom(...projects),
      member: fc.constantFrom(...members),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(10_000, 120_000, dayMs, 12 * dayMs),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'sync' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      which,
      customer: fc.constantFrom(...customers),
      withOlder: fc.boolean(),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
);

type Call = {
  readonly project: string | null;
  readonly member: string | null;
  readonly atMs: number;
  customer: string | null;
};

function isAsked({ project, member }: Call, asked: ReleasedCalls): boolean {
  if (asked.kind === 'project') return project === asked.project;
  return asked.kind === 'member' ? member === asked.member : project === null && member === null;
}

function releaseAll(world: OutboxWorld, question: Omit<ReleaseQuestion, 'after'>): void {
  for (let after: number | null = 0; after !== null;)
    after = release(world.db, world.ledger.recorder, { ...question, after }).next;
}

/** What stands in events, in minutes that are open, and in remainders, by customer. */
function billedNano({ db }: OutboxWorld, customer: string): number {
  const one = (sql: string) => db.prepare<[string], number>(sql).pluck().get(customer) ?? 0;
  return (
    one('SELECT COALESCE(SUM(value), 0) * 1000 FROM meter_events WHERE customer = ?') +
    one('SELECT COALESCE(SUM(amount_thousandths), 0) FROM outbox_shares WHERE event_id IS NULL AND customer = ?') +
    one('SELECT COALESCE(SUM(thousandths), 0) FROM remainders WHERE customer = ?')
  );
}

describe('calls that wait for a customer', () => {
  it('are billed once each, in their own minute, however often and in whatever order they are released', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), async (steps) => {
        const world = openOutboxWorld({ customers });
        const calls: Call[] = [];
        try {
          for (const one of steps) {
            const nowMs = world.clock.nowMs();
            if (one.kind === 'call') {
              calls.push({ ...one, atMs: nowMs, customer: null });
              world.call({ project: one.project, member: one.member, customer: null });
            } else if (one.kind === 'pass') world.clock.advance(one.ms);
            else if (one.kind === 'sync') await world.sync();
            else {
              for (let time = 0; time < one.times; time++) releaseAll(world, { ...one, nowMs });
              for (const call of calls) {
                const isInWindow = Math.floor(call.atMs / 60_000) * 60_000 >= nowMs - windowMs;
                if (call.customer === null && isAsked(call, one.which) && (one.withOlder || isInWindow))
                  call.customer = one.customer;
              }
            }
            expectEachOnce(world, calls);
          }
          world.clock.advance(20 * 60_000);
          await world.sync();
          expectEachOnce(world, calls);
          for (const customer of customers) {
            const { stripe, here } = world.sums(customer);
            expect(stripe).toBe(here);
          }
          expect(world.ledger.findings()).toEqual([]);
          expect(world.wrongMoves()).toEqual([]);
        } finally {
          world.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

function expectEachOnce(world: OutboxWorld, calls: readonly Call[]): void {
  const rows = world.db
    .prepare<[], { id: string; customer: string | null; cost: number; startedAtMs: number; minuteMs: number | null }>(
      `SELECT c.id, c.customer, c.cost_nano_usd AS cost, c.started_at_ms AS startedAtMs, s.minute_ms AS minuteMs
         FROM current_calls c LEFT JOIN outbox_shares s ON s.call_seq = c.seq ORDER BY c.started_at_ms, c.id`,
    )
    .all();
  const ofCall = new Map(rows.map((row) => [Number(row.id.replace('call_', '')), row]));
  for (const [index, call] of calls.entries()) {
    const row = ofCall.get(index + 1);
    expect(row?.customer).toBe(call.customer);
    expect(row?.minuteMs).toBe(call.customer === null ? null : Math.floor(call.atMs / 60_000) * 60_000);
  }
  for (const customer of customers) {
    const due = rows.filter((row) => row.customer === customer).reduce((sum, { cost }) => sum + cost, 0);
    expect(billedNano(world, customer)).toBe(due);
  }
  const waiting = readUnmapped(world.db, { nowMs: world.clock.nowMs() });
  expect(waiting.reduce((sum, { calls: inWindow, older }) => sum + inWindow + older.calls, 0)).toBe(
    calls.filter(({ customer }) => customer === null).length,
  );
}
