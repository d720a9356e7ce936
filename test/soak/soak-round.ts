/**
 * One round of the soak: weeks of calls of many customers, and every fault that Stripe, the network and the machine can have, drawn from a seed. Calls come
 * as people make them, in bursts of a few minutes; every third round goes by the stream. Then the faults end, a person sends again what was rejected,
 * and everything must agree to the unit. Says what does not.
 */
import { planKinds, planSchema, type Plan } from '../../shared/contract/plan.ts';
import { customersToCarry } from '../../main/ledger/carry-forwards.ts';
import { retryEvent } from '../../main/ledger/outbox-choices.ts';
import type { StripeFault } from '../../main/sandbox/stripe-faults.ts';
import { meterEventStates } from '../../shared/meter-event-states.ts';
import {
  carryAllForward,
  openOutboxWorld,
  worldMeters,
  worldStartMs,
  type KillMoment,
  type OutboxWorld,
} from '../kit/outbox-world.ts';
import { createRandom, type Random } from '../kit/seeded-random.ts';
import { createWorldSockets } from '../kit/world-sockets.ts';
import { endSomebody, subscribeSomebody, wrongInvoices, wrongNotices } from './soak-subscriptions.ts';

export type RoundSize = {
  readonly calls: number;
  readonly customers: number;
  readonly days: number;
  /** Every request over a real socket; otherwise the account is asked in this process. */
  readonly hasSockets: boolean;
};

export type RoundResult = {
  readonly seed: number;
  /** "cost", "tokens, then cost". */
  readonly plans: string;
  readonly calls: number;
  readonly events: number;
  readonly requests: number;
  readonly faults: number;
  readonly kills: number;
  readonly sentAgain: number;
  readonly setAside: number;
  /** Calls that were corrected or priced again, most of them after Stripe was told. */
  readonly corrected: number;
  /** Events that were cancelled for it and sent anew. */
  readonly adjusted: number;
  readonly items: number;
  readonly wrong: readonly string[];
};

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const faultsOf: readonly StripeFault[] = [
  'lose_answer',
  'error_500',
  'conflict_409',
  'rate_limit_429',
  'lock_timeout_429',
  'drop_connection',
  'expire_session',
  { kind: 'cut_answer', bytes: 60 },
  { kind: 'reject_later', code: 'meter_event_customer_not_found' },
  { kind: 'reject_later', code: 'archived_meter' },
];
/** A line that loses nearly everything: an event is tried until its identifier's life ends, and may arrive with the last attempt. */
const lossy: readonly StripeFault[] = [...Array<StripeFault>(12).fill('drop_connection'), 'lose_answer'];
const killMoments: readonly KillMoment[] = ['before_send', 'before_record', 'after_record'];
/** Several hours in which some are at work and the agent looks a few times. */
const callsPerStep = 60;

export async function soakRound(seed: number, size: RoundSize): Promise<RoundResult> {
  const random = createRandom(seed);
  const customers = Array.from({ length: size.customers }, (_, index) => `cus_${index}`);
  let isLossy = false;
  const plans = drawPlans(random);
  const sockets = size.hasSockets ? createWorldSockets() : null;
  const world = openOutboxWorld({
    customers,
    // Stripe's text says both.
    rules: { isSummaryEndIncluded: random.chance(0.5) },
    plan: plans.first,
    fraction: random.fraction,
    network: () => (isLossy ? random.pick(lossy) : 'through'),
    answerTurns: () => random.below(6),
    hasStream: seed % 3 === 0,
    ...(sockets === null ? {} : { fetch: sockets.fetch }),
  });
  const setLossy = (is: boolean) => {
    isLossy = is;
  };
  for (const customer of customers.filter((_customer, index) => index % 2 === 0))
    subscribeSomebody(world, random, {
      customer,
      plan: plans.first,
      agoMs: random.below(20) * dayMs + random.below(60) * 1_000,
    });
  const tally = { faults: 0, kills: 0, sentAgain: 0, setAside: 0, corrected: 0, wrong: [] as string[] };
  const watch = () => void tally.wrong.push(...world.wrongMoves());
  try {
    await weeksOfFaults(world, {
      random,
      customers,
      size,
      tally,
      watch,
      setLossy,
      plan: plans.later,
      subscribedPlan: plans.first,
    });
    setLossy(false);
    await calmAgain(world, { tally, watch });
    tally.wrong.push(...differencesOf(world, customers));
    const drawn = [plans.first, ...(plans.later === null ? [] : [plans.later])].map(({ kind }) => kind).join(', then ');
    const [events, requests] = [world.events().length, world.stripe.requestCount()];
    const adjusted =
      world.db.prepare<[], number>(`SELECT COUNT(*) FROM cancellations WHERE state = 'done'`).pluck().get() ?? 0;
    const items = world.stripe.state.invoiceItems.length;
    return { seed, plans: drawn, calls: size.calls, events, requests, adjusted, items, ...tally };
  } finally {
    world.close();
    await sockets?.close();
  }
}

type Tally = {
  faults: number;
  kills: number;
  sentAgain: number;
  setAside: number;
  corrected: number;
  readonly wrong: string[];
};
type Weeks = {
  readonly random: Random;
  readonly customers: readonly string[];
  readonly size: RoundSize;
  readonly tally: Tally;
  readonly watch: () => void;
  readonly setLossy: (is: boolean) => void;
  /** Put in force in the middle; null stays with the first. */
  readonly plan: Plan | null;
  /** Whose meters are subscribed to. */
  readonly subscribedPlan: Plan;
};

/** Every second round is one of cost alone, as most teams are; the others begin with one plan and go on with another. */
function drawPlans(random: Random): { readonly first: Plan; readonly later: Plan | null } {
  const draw = (kinds: readonly Plan['kind'][]) => planSchema.parse({ kind: random.pick(kinds) });
  if (random.chance(0.5)) return { first: planSchema.parse({ kind: 'cost' }), later: null };
  const first = draw(planKinds);
  return { first, later: draw(planKinds.filter((kind) => kind !== first.kind)) };
}

async function weeksOfFaults(world: OutboxWorld, weeks: Weeks): Promise<void> {
  const { random, customers, size, watch } = weeks;
  const ids: string[] = [];
  const stepMs = Math.floor((size.days * dayMs) / Math.ceil(size.calls / callsPerStep));
  const endMs = world.clock.nowMs() + size.days * dayMs;
  let offlineUntilMs = 0;
  let isChanged = weeks.plan === null;
  for (let made = 0; made < size.calls || world.clock.nowMs() < endMs;) {
    if (!isChanged && made * 2 >= size.calls) {
      isChanged = true;
      if (weeks.plan !== null) world.ledger.plans.use({ plan: weeks.plan, nowMs: world.clock.nowMs() });
    }
    const worked = workFor(world, { random, customers, most: Math.min(callsPerStep, size.calls - made), stepMs });
    ids.push(...worked);
    made += worked.length;
    // In the midst of their work, so that some of it is sent when the last invoice is final.
    world.clock.advance(Math.floor(stepMs / 2));
    endSomebody(world, { random, plan: weeks.subscribedPlan });
    world.clock.advance(Math.ceil(stepMs / 2));
    if (world.clock.nowMs() >= offlineUntilMs) {
      offlineUntilMs = random.chance(0.08) ? world.clock.nowMs() + offlineMs(random) : 0;
      changeWeather(world, random, offlineUntilMs > 0);
    }
    // A day and a half on a line that loses nearly everything, looked at often.
    const isLossy = random.chance(0.06);
    weeks.setLossy(isLossy);
    for (let look = 0; look < (isLossy ? 40 : 3); look++) {
      await lookOnce(world, weeks);
      correctSome(world, weeks, ids);
      world.clock.advance(random.below(hourMs));
    }
    watch();
  }
}

type Work = {
  readonly random: Random;
  readonly customers: readonly string[];
  readonly most: number;
  readonly stepMs: number;
};

/** Bursts: somebody works for a minute or three, several calls in each. Returns the ids of the calls. */
function workFor(world: OutboxWorld, { random, customers, most, stepMs }: Work): string[] {
  const calls: { customer: string; startedAtMs: number }[] = [];
  const fromMs = world.clock.nowMs();
  while (calls.length < most) {
    const customer = random.pick(customers);
    const burstMs = fromMs + random.below(stepMs);
    const burst = Math.min(1 + random.below(15), most - calls.length);
    for (let call = 0; call < burst; call++) {
      // Now and then one that settles hours after its minute was sealed.
      const lateMs = random.chance(0.03) ? random.below(6 * hourMs) : 0;
      calls.push({ customer, startedAtMs: burstMs + random.below(3 * minuteMs) - lateMs });
    }
  }
  return world.calls(calls);
}

/** Mostly of the last hours; now and then of weeks ago, which only a carry-forward settles. Some turn out to be another customer's. */
function correctSome(world: OutboxWorld, { random, customers, tally }: Weeks, ids: readonly string[]): void {
  for (let index = 0; index < 6 && ids.length > 0; index++) {
    if (!random.chance(0.4)) continue;
    const back = random.chance(0.8) ? random.below(Math.min(ids.length, callsPerStep)) : random.below(ids.length);
    const customer = random.chance(0.2) ? { customer: random.pick(customers) } : {};
    const change = { output: random.below(400) - 100, cacheRead: random.below(3), ...customer };
    world.correct(ids[ids.length - 1 - back] ?? '', change);
    tally.corrected += 1;
  }
}

function changeWeather(world: OutboxWorld, random: Random, isOffline: boolean): void {
  world.stripe.changeRules({
    isOffline,
    summaryLagMs: random.pick([0, 0, 5 * minuteMs, 2 * hourMs, 5 * hourMs]),
    reportDelayMs: random.pick([0, minuteMs, 30 * minuteMs]),
    adjustmentLagMs: random.pick([0, 0, minuteMs, hourMs]),
    invoiceGraceMs: random.pick([hourMs, hourMs, dayMs, 3 * dayMs]),
    closingInvoiceReason: random.pick(['subscription_cycle', 'subscription_update', 'manual']),
  });
}

async function lookOnce(world: OutboxWorld, { random, tally, watch }: Weeks): Promise<void> {
  if (random.chance(0.3)) {
    const faults = Array.from({ length: 1 + random.below(8) }, () => random.pick(faultsOf));
    world.stripe.breakNext(...faults);
    tally.faults += faults.length;
  }
  if (random.chance(0.08)) {
    world.killAt(random.pick(killMoments));
    tally.kills += 1;
  }
  await world.sync();
  if (world.isKilled() || random.chance(0.03)) world.restart();
  if (random.chance(0.15)) await makeAnItem(world, random);
  const rejected = world.idsIn('rejected');
  if (rejected.length > 0 && random.chance(0.3)) {
    retryEvent(world.db, { id: random.pick(rejected), nowMs: world.clock.nowMs() });
    tally.sentAgain += 1;
  }
  watch();
}

/** A person has what is proposed of a customer made an invoice item. */
async function makeAnItem(world: OutboxWorld, random: Random): Promise<void> {
  const customers = customersToCarry(world.db, world.clock.nowMs());
  if (customers.length > 0) await world.createItem(random.pick(customers));
}

/** Hours mostly; now and then longer than an identifier lives; rarely longer than Stripe's window. */
function offlineMs(random: Random): number {
  const kind = random.fraction();
  if (kind < 0.6) return random.below(12 * hourMs);
  return kind < 0.95 ? random.below(4 * dayMs) : 36 * dayMs + random.below(4 * dayMs);
}

const settledStates = new Set<string>(['confirmed', 'set_aside', 'withdrawn', 'carried_forward']);
const openStates = meterEventStates.filter((state) => !settledStates.has(state));
/** So many are 30 hours: by then every customer's subscriptions were read again, and what ended since the last reading is told (seed 400370). */
const calmRoundsMin = 15;

/** The faults end. Weeks later nothing may wait: held minutes are read, rejected events sent again by a person, days confirmed. */
async function calmAgain(
  world: OutboxWorld,
  { tally, watch }: { readonly tally: Tally; readonly watch: () => void },
): Promise<void> {
  world.stripe.changeRules({ isOffline: false, summaryLagMs: 0, reportDelayMs: 0, adjustmentLagMs: 0 });
  world.stripe.clearFaults();
  world.restart();
  for (let round = 0; round < 400; round++) {
    world.clock.advance(round < 40 ? 2 * hourMs : 5 * hourMs);
    await syncAll(world);
    const rejected = world.idsIn('rejected');
    for (const id of rejected) retryEvent(world.db, { id, nowMs: world.clock.nowMs() });
    watch();
    tally.sentAgain += rejected.length;
    if (round + 1 >= calmRoundsMin && world.idsIn(...openStates).length === 0) break;
  }
  tally.setAside = world.idsIn('set_aside').length;
  carryAllForward(world);
  watch();
}

/** The agent looks every few seconds, and reads ten minutes of held events each time: a look every few hours would take it months. */
async function syncAll(world: OutboxWorld): Promise<void> {
  for (let look = 0; look < 40; look++) {
    await world.sync();
    if (world.idsIn('unknown').length <= 10) return;
    world.clock.advance(minuteMs);
  }
}

function differencesOf(world: OutboxWorld, customers: readonly string[]): string[] {
  const wrong = [...world.ledger.findings()];
  for (const customer of customers) {
    for (const meter of worldMeters) {
      const { stripe, here } = world.sums(customer, meter);
      if (stripe !== here) wrong.push(`${customer}, ${meter}: Stripe counts ${stripe}, the ledger says ${here}`);
    }
  }
  const counted = world.stripe.state.events.filter(({ failure, isCancelled }) => failure === null && !isCancelled);
  const identifiers = new Set(counted.map(({ identifier }) => identifier));
  if (identifiers.size !== counted.length) wrong.push(`${counted.length - identifiers.size} identifiers count twice`);
  if (world.overlaps() > 0) wrong.push(`${world.overlaps()} requests beside another of the same customer and meter`);
  const stuck = world.events().filter(({ state }) => !settledStates.has(state) || state === 'set_aside');
  for (const { id, state, lastAnswer } of stuck.slice(0, 5)) wrong.push(`${id} is ${state} at the end: ${lastAnswer}`);
  const { used, max } = world.view().reads;
  if (used > max) wrong.push(`${used} reads in 31 days`);
  return [
    ...wrong,
    ...wrongItems(world),
    ...wrongInvoices(world),
    ...wrongNotices(world, worldStartMs),
    ...unbilled(world),
  ];
}

/** Each item that the ledger knows stands in Stripe once, with its cents, and Stripe has no other. */
function wrongItems({ db, stripe }: OutboxWorld): string[] {
  const known = db
    .prepare<[], { readonly item: string; readonly cents: number }>(
      'SELECT item, cents FROM carry_forwards WHERE item IS NOT NULL',
    )
    .all();
  const here = known.map(({ item, cents }) => `${item} ${cents}`).toSorted();
  const there = stripe.state.invoiceItems.map(({ id, cents }) => `${id} ${cents}`).toSorted();
  return here.join() === there.join()
    ? []
    : [`the ledger knows ${here.length} invoice items, Stripe has ${there.length}`];
}

/**
 * What every call comes to under the plan of its minute = 1000 × every event's value + what is open, carried, a difference or settled, in thousandths of each
 * unit: the cost of calls of plan cost to the nano-dollar, and the tokens of the others by class. What items bill is told in whole cents and rests.
 */
function unbilled({ db }: OutboxWorld): string[] {
  const one = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const isCost = `(SELECT p.plan ->> 'kind' FROM plans p WHERE p.from_ms <= c.started_at_ms ORDER BY p.from_ms DESC LIMIT 1) = 'cost'`;
  const due = (amount: string, condition: string) =>
    one(`SELECT COALESCE(SUM(${amount}), 0) FROM current_calls c WHERE c.customer IS NOT NULL AND ${condition}`);
  const sumIn = (amount: string, table: string, condition: string) =>
    one(`SELECT COALESCE(SUM(${amount}), 0) FROM ${table} JOIN meter_units USING (meter) WHERE ${condition}`);
  const counted = (meters: string) =>
    sumIn('value', 'meter_events', meters) * 1000 +
    sumIn('amount_thousandths', 'outbox_shares', `event_id IS NULL AND ${meters}`) +
    sumIn('thousandths', 'remainders', meters) +
    sumIn('due_thousandths - sent_thousandths', 'billing_differences', meters) +
    sumIn('amount_thousandths', 'settled_differences', meters);
  const classes = [
    ['input', 'input_tokens'],
    ['output', 'output_tokens'],
    ['cache_read', 'cache_read_tokens'],
  ] as const;
  const items = one(`SELECT SUM(worth_nano_usd - rest_before_nano_usd) FROM carry_forwards WHERE state = 'billed'`);
  const cents = one(
    `SELECT SUM(COALESCE(cents * 10000000, worth_nano_usd)) FROM carry_forwards WHERE state = 'billed'`,
  );
  const left = [
    ['nano-dollars', due('cost_nano_usd', isCost) - counted('token_class IS NULL')] as const,
    ['nano-dollars of invoice items', items - cents - one('SELECT SUM(nano_usd) FROM carry_rests')] as const,
    ...classes.map(
      ([tokenClass, column]) =>
        [
          `thousandths of ${tokenClass}`,
          due(`${column} * 1000`, `NOT ${isCost}`) - counted(`token_class = '${tokenClass}'`),
        ] as const,
    ),
  ];
  return left.flatMap(([what, rest]) => (rest === 0 ? [] : [`${rest} ${what} are billed nowhere`]));
}
