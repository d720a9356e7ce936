/** What Stripe refuses to tell of one customer or meter is put off, with its sentence where a person sees it, and holds up nothing of the others. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planSchema } from '../../../shared/contract/plan.ts';
import { setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import type { StripeFault } from '../../../main/sandbox/stripe-faults.ts';
import type { StripeOutcome, StripeRequest } from '../../../main/sandbox/stripe-account.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b', 'cus_c'], rules: { refusesDeletedCustomers: true } });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  world.close();
});

async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}

const statesByCustomer = () => world.events().map(({ customer, state }) => [customer, state]);
const readsOf = (kind: string) =>
  world.db
    .prepare<[string], number>('SELECT COALESCE(SUM(reads), 0) FROM stripe_reads WHERE kind = ?')
    .pluck()
    .get(kind) ?? 0;

/** Whatever waits is lost on its way, and then the network for a day. */
async function holdAll(): Promise<void> {
  world.clock.advance(2 * minuteMs);
  world.stripe.breakNext(...Array<StripeFault>(200).fill('drop_connection'));
  for (let attempt = 0; attempt < 5; attempt++) await syncAfter(minuteMs);
  world.stripe.clearFaults();
  world.stripe.changeRules({ isOffline: true });
  await syncAfter(25 * hourMs);
  world.stripe.changeRules({ isOffline: false });
}

/** More than are asked about in one run. */
function callsOfTwelve(): string[] {
  const customers = Array.from({ length: 12 }, (_, index) => `cus_${10 + index}`);
  for (const id of customers) world.stripe.state.customers.set(id, { id, name: id });
  for (const customer of customers) world.call({ customer });
  return customers;
}

const remove = (id: string) => world.stripe.state.customers.set(id, { id, name: id, isDeleted: true });

const giveBack = () => {
  for (const customer of world.stripe.state.customers.values()) Object.assign(customer, { isDeleted: false });
};

/** Stripe answers these in its own way. */
function answer(of: (request: StripeRequest) => StripeOutcome | null): () => void {
  const { handle } = world.stripe;
  Object.assign(world.stripe, { handle: (request: StripeRequest) => of(request) ?? handle(request) });
  return () => void Object.assign(world.stripe, { handle });
}
const reply = (status: number, message: string): StripeOutcome => ({
  kind: 'reply',
  requestId: 'req_1',
  cutAfterBytes: null,
  reply: { status, body: { error: { type: status < 500 ? 'invalid_request_error' : 'api_error', message } } },
});

describe('a held event', () => {
  it('of a customer that Stripe does not know any more waits with its sentence, and the others are decided', async () => {
    const gone = callsOfTwelve();
    world.clock.advance(minuteMs);
    for (const customer of ['cus_b', 'cus_c']) world.call({ customer });
    await holdAll();
    gone.forEach(remove);
    for (let round = 0; round < 8; round++) await syncAfter(2 * hourMs);
    const held = world.events().filter(({ customer }) => gone.includes(customer));
    expect(new Set(held.map(({ state }) => state))).toEqual(new Set(['unknown']));
    expect(held[0]?.lastAnswer).toBe(
      `Stripe could not be read: No such customer: '${held[0]?.customer}'. It stays held and is asked about again in a day; to bill it another way, set it aside.`,
    );
    expect(statesByCustomer().slice(-2)).toEqual([
      ['cus_b', 'confirmed'],
      ['cus_c', 'confirmed'],
    ]);
    // Each of the twelve once, the two others twice.
    expect(readsOf('minutes')).toBe(12 + 4);
    expect(setAsideEvent(world.db, { id: held[0]?.id ?? '', nowMs: world.clock.nowMs() })).toBe(true);

    giveBack();
    for (let round = 0; round < 24; round++) await syncAfter(2 * hourMs);
    expect(statesByCustomer().filter(([, state]) => state === 'unknown')).toEqual([]);
  });

  it('of a meter that the account does not have holds up no other', async () => {
    world.close();
    const plan = planSchema.parse({ kind: 'cost', eventName: 'claude_old' });
    world = openOutboxWorld({ customers: ['cus_a', 'cus_b'], plan });
    world.call();
    world.ledger.plans.use({ plan: planSchema.parse({ kind: 'cost' }), nowMs: world.clock.nowMs() });
    world.clock.advance(3 * minuteMs);
    world.call({ customer: 'cus_b' });
    await holdAll();
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    expect(statesByCustomer()).toEqual([
      ['cus_a', 'unknown'],
      ['cus_b', 'accepted'],
    ]);
    expect(world.events()[0]?.lastAnswer).toMatch(/^The Stripe account has no meter called claude_old\. It stays held/);
  });

  it('that Stripe fails to answer is asked after the others, and decided once it answers', async () => {
    for (const customer of ['cus_a', 'cus_b', 'cus_c']) world.call({ customer });
    await holdAll();
    const mend = answer(({ path }) =>
      /event_summaries.*cus_a/.test(path) ? reply(500, 'An unknown error occurred') : null,
    );
    for (let round = 0; round < 8; round++) await syncAfter(2 * hourMs);
    expect(statesByCustomer()).toEqual([
      ['cus_a', 'unknown'],
      ['cus_b', 'confirmed'],
      ['cus_c', 'confirmed'],
    ]);
    mend();
    for (let round = 0; round < 2; round++) await syncAfter(2 * hourMs);
    expect(statesByCustomer()[0]).toEqual(['cus_a', 'accepted']);
  });

  it('is not asked about, one after another, with a key that may read none', async () => {
    for (const customer of ['cus_a', 'cus_b', 'cus_c']) world.call({ customer });
    await holdAll();
    answer(({ path }) => (path.includes('event_summaries') ? reply(403, 'It may not.') : null));
    await syncAfter(minuteMs);
    expect(readsOf('minutes')).toBe(1);
  });
});

describe('a day to confirm', () => {
  it('of a customer that Stripe does not know any more is put off, told, and holds up no other', async () => {
    const gone = callsOfTwelve();
    world.call({ customer: 'cus_b' });
    await syncAfter(2 * minuteMs);
    gone.forEach(remove);
    await syncAfter(30 * hourMs);
    await syncAfter(minuteMs);
    expect(statesByCustomer().find(([customer]) => customer === 'cus_b')).toEqual(['cus_b', 'confirmed']);
    expect(readsOf('days')).toBe(13);
    expect(world.readTrouble()).toMatch(/^Stripe could not be read: No such customer: 'cus_/);
    await syncAfter(hourMs);
    expect(readsOf('days')).toBe(13);
    expect(world.readTrouble()).toMatch(/^Stripe could not be read: No such customer: 'cus_/);

    giveBack();
    await syncAfter(dayMs);
    await syncAfter(minuteMs);
    expect(new Set(world.events().map(({ state }) => state))).toEqual(new Set(['confirmed']));
    expect(world.readTrouble()).toBeNull();
  });
});

describe('an invoice item whose answer never came', () => {
  beforeEach(async () => {
    const customers = ['cus_x', 'cus_y'];
    for (const customer of customers) world.correct(world.call({ customer }), { output: 4_000 });
    await syncAfter(2 * minuteMs);
    await syncAfter(minuteMs);
    for (const { id } of world.events()) setAsideEvent(world.db, { id, nowMs: world.clock.nowMs() });
    for (const id of customers) {
      world.stripe.state.customers.set(id, { id, name: id });
      world.stripe.breakNext('lose_answer');
      expect(await world.createItem(id)).toMatchObject({ kind: 'unknown' });
    }
  });

  const looks = (of: RegExp, status: number) =>
    answer(({ method, path }) => (method === 'GET' && of.test(path) ? reply(status, 'No such customer.') : null));

  it('is looked for behind one whose customer Stripe refuses, and that one seldom', async () => {
    looks(/invoiceitems.*cus_x/, 404);
    await syncAfter(20 * minuteMs);
    expect(statesByCustomer().toSorted(([one = ''], [other = '']) => one.localeCompare(other))).toEqual([
      ['cus_x', 'set_aside'],
      ['cus_y', 'carried_forward'],
    ]);
    const kept = world.db.prepare(`SELECT last_answer FROM carry_forwards WHERE state = 'asked'`).pluck().get();
    expect(kept).toBe('Stripe could not be read: No such customer.');
    const before = readsOf('invoices');
    for (let round = 0; round < 5; round++) await syncAfter(minuteMs);
    expect(readsOf('invoices')).toBe(before);
  });

  it('is not looked for every minute with a key that may read none', async () => {
    const allow = looks(/invoiceitems/, 403);
    const before = readsOf('invoices');
    for (let round = 0; round < 10; round++) await syncAfter(minuteMs);
    expect(readsOf('invoices')).toBe(before + 1);
    allow();
    await syncAfter(15 * minuteMs);
    expect(statesByCustomer().map(([, state]) => state)).toEqual(['carried_forward', 'carried_forward']);
  });
});
