/**
 * Any calls under any sequence of plans, with corrections, seals and sends between: what is counted on every meter is what the calls come to under the
 * plan of their own minute, to the unit; what was sealed and sent is never labelled anew; what tokens are worth adds up to what they cost.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { BegunCall } from '../../shared/call.ts';
import { planSchema, type Plan } from '../../shared/contract/plan.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { createPriceBook, dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';
import { settle } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';
import { prepareReadCall } from '../../main/ledger/call-row.ts';
import { begunCall } from '../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../kit/ledger-db.ts';
import { sealAndSend } from '../kit/outbox-steps.ts';

const startMs = Date.parse('2026-11-24T00:00:00Z');
const minuteMs = 60_000;

const customers = ['cus_a', 'cus_b', null] as const;
const models = ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-new-9'] as const;

/** The book in force, and one that knows the new model (under that name) and doubles a price. */
const laterBook: PriceBook = createPriceBook({
  ...dataOf(currentBook),
  version: 'later',
  models: currentBook.models.flatMap((model) =>
    model.id === 'claude-haiku-5-5'
      ? [model, { ...model, id: 'claude-new-9-final', aliases: ['claude-new-9'] }]
      : [model],
  ),
});

const counts = fc.record({
  input_tokens: fc.nat(3_000),
  output_tokens: fc.integer({ min: 1, max: 500 }),
  cache_read_input_tokens: fc.nat(5_000),
});
type Counts = { input_tokens: number; output_tokens: number; cache_read_input_tokens: number };
type Pass = { readonly model: string; readonly counts: Counts };

const anyPlan = fc
  .record({
    kind: fc.constantFrom('cost' as const, 'tokens' as const, 'tokens-by-model' as const),
    markupPercent: fc.constantFrom(0, 20, 12.5),
    customerMarkupPercent: fc.constantFrom({}, { cus_b: 5 }),
  })
  .map((plan) => planSchema.parse(plan));

type Step =
  | {
      readonly kind: 'call';
      readonly customer: string | null;
      readonly passes: readonly Pass[];
      readonly searches: number;
    }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'correct'; readonly which: number; readonly how: 'reprice' | 'customer' | 'output' }
  | { readonly kind: 'seal' | 'send' };

const pass = fc.record({ model: fc.constantFrom(...models), counts });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        customer: fc.constantFrom(...customers),
        passes: fc.array(pass, { minLength: 1, maxLength: 3 }),
        searches: fc.nat(2),
      })
      .map((call): Step => ({ kind: 'call', ...call })),
  },
  { weight: 2, arbitrary: anyPlan.map((plan): Step => ({ kind: 'plan', plan })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }).map((minutes): Step => ({ kind: 'wait', minutes })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(40), fc.constantFrom('reprice' as const, 'customer' as const, 'output' as const))
      .map(([which, how]): Step => ({ kind: 'correct', which, how })),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'seal' }, { kind: 'send' }) },
);

/** The wire's usage of the passes: a single one stands at the top. */
function usageOf(passes: readonly Pass[], searches: number): object {
  const sum = (key: keyof Counts) => passes.reduce((total, one) => total + one.counts[key], 0);
  return {
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cache_read_input_tokens: sum('cache_read_input_tokens'),
    server_tool_use: { web_search_requests: searches },
    ...(passes.length === 1
      ? {}
      : { iterations: passes.map(({ model, counts: own }) => ({ type: 'message', model, ...own })) }),
  };
}

function settled(begun: BegunCall, passes: readonly Pass[], searches: number) {
  const usage = usageOf(passes, searches);
  const end = {
    startedAtMs: begun.startedAtMs,
    endedAtMs: begun.startedAtMs + 2_000,
    firstByteMs: 100,
    httpStatus: 200,
    requestId: `req_${begun.id}`,
    responseBytes: 100,
    model: passes[0]?.model ?? null,
    messageId: `msg_${begun.id}`,
    stopReason: 'end_turn',
    errorType: null,
    usage: readUsage(usage),
    usageJson: JSON.stringify(usage),
    isWhole: true,
    outputTokensSoFar: 0,
    trouble: null,
  };
  return { id: begun.id, ...settle(end, currentBook) };
}

/** What the test itself knows of a call. */
type Known = {
  readonly id: string;
  customer: string | null;
  readonly passes: readonly Pass[];
  readonly searches: number;
  /** More output than was told first, at the last pass. */
  extraOutput: number;
  /** Somebody else’s, or more of it, than was told first: priced anew alone is neither. */
  isChanged: boolean;
  readonly plan: Plan;
};

/** Worked out from the tokens that the test made, not by the code that is tested. Cost is the ledger's own. */
function expectedOf(ledger: LedgerDb, known: readonly Known[]): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (customer: string, meter: string, amount: number) =>
    void (amount === 0 || sums.set(`${customer} ${meter}`, (sums.get(`${customer} ${meter}`) ?? 0) + amount));
  for (const { id, customer, passes, searches, extraOutput, plan } of known) {
    if (customer === null) continue;
    if (plan.kind === 'cost') {
      add(customer, plan.eventName, billed(costOf(ledger, id) ?? 0, percentFor(plan, customer)));
      continue;
    }
    const name = (tokenClass: string, model: string) =>
      `${plan.eventPrefix}_${tokenClass}${plan.kind === 'tokens' ? '' : `_${model.replaceAll('-', '_')}`}`;
    for (const [index, { model, counts: own }] of passes.entries()) {
      const extra = index === passes.length - 1 ? extraOutput : 0;
      add(customer, name('input', model), own.input_tokens * 1_000);
      add(customer, name('output', model), (own.output_tokens + extra) * 1_000);
      add(customer, name('cache_read', model), own.cache_read_input_tokens * 1_000);
    }
    add(customer, name('web_search', passes[0]?.model ?? ''), searches * 1_000);
  }
  return sums;
}

function percentFor(plan: Plan, customer: string): number {
  return plan.customerMarkupPercent[customer] ?? plan.markupPercent;
}

/** Half-even in tenths of a percent, which is as fine as the plans here are. */
function billed(nano: number, percent: number): number {
  const thousandths = BigInt(nano) * BigInt(1_000 + percent * 10);
  const [quotient, rest] = [thousandths / 1_000n, thousandths % 1_000n];
  return Number(rest > 500n || (rest === 500n && quotient % 2n === 1n) ? quotient + 1n : quotient);
}

function costOf({ db }: LedgerDb, id: string): number | null {
  return (
    db.prepare<[string], number | null>('SELECT cost_nano_usd FROM current_calls WHERE id = ?').pluck().get(id) ?? null
  );
}

/** Under the names that the test gives models: the later name is the same model (a sent share keeps the one it had). */
function countedOf({ db }: LedgerDb): Map<string, number> {
  const rows = db
    .prepare<[], { readonly customer: string; readonly meter: string; readonly amount: number }>(
      `SELECT customer, meter, SUM(amount) AS amount FROM (
         SELECT customer, meter, amount_thousandths AS amount FROM outbox_shares
         UNION ALL SELECT customer, meter, due_thousandths - sent_thousandths FROM billing_differences) GROUP BY 1, 2`,
    )
    .all();
  const sums = new Map<string, number>();
  for (const { customer, meter, amount } of rows) {
    const key = `${customer} ${meter.replace('claude_new_9_final', 'claude_new_9')}`;
    if (amount !== 0) sums.set(key, (sums.get(key) ?? 0) + amount);
  }
  return sums;
}

type Sent = { readonly key: string; readonly label: string };

/** Shares of events that left, with all that Stripe was told. */
function sentOf({ db }: LedgerDb): readonly Sent[] {
  return db
    .prepare<[], Sent>(
      `SELECT s.call_seq || ' ' || s.meter AS key,
              s.customer || ' ' || s.minute_ms || ' ' || s.amount_thousandths || ' ' || s.plan || ' ' || e.identifier || ' ' || e.value AS label
         FROM outbox_shares s JOIN meter_events e ON e.id = s.event_id WHERE e.state = 'accepted'`,
    )
    .all();
}

function correct(ledger: LedgerDb, known: Known, how: 'reprice' | 'customer' | 'output', book: PriceBook): void {
  const stored = prepareReadCall(ledger.db)(known.id);
  if (stored === null) return;
  let { call } = stored;
  let { lines } = stored;
  if (how !== 'reprice') known.isChanged = true;
  if (how === 'customer') {
    known.customer = known.customer === 'cus_a' ? 'cus_b' : 'cus_a';
    call = { ...call, customer: known.customer };
  } else if (how === 'output' && known.passes.length === 1) {
    known.extraOutput += 5;
    call = { ...call, outputTokens: call.outputTokens + 5 };
  }
  const anew = how === 'customer' ? null : repriceCall(call, book);
  if (anew !== null && (how === 'output' || anew.costNanoUsd !== null)) {
    const { lines: newLines, ...price } = anew;
    call = { ...call, ...price };
    lines = newLines;
  }
  ledger.db.transaction(() => {
    ledger.recorder.correct(stored, call, lines, 'a test');
    ledger.recorder.writeRollups();
  })();
}

describe('metering plans', () => {
  it('count every call once, under the plan of its own minute, whatever is changed, corrected, sealed and sent between', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(step, { minLength: 8, maxLength: 50 }), (first, steps) => {
        // The new model is in no book until calls are priced again.
        let book = currentBook;
        const ledger = openLedgerDb(() => book, first);
        ledger.db.pragma('synchronous = OFF');
        const known: Known[] = [];
        let nowMs = startMs;
        let sent: readonly Sent[] = [];
        let plan = { now: planSchema.parse(first), next: null as null | { plan: Plan; fromMs: number } };
        for (const [number, one] of steps.entries()) {
          if (one.kind === 'wait') nowMs += one.minutes * minuteMs;
          if (plan.next !== null && nowMs >= plan.next.fromMs) plan = { now: plan.next.plan, next: null };
          if (one.kind === 'plan') {
            ledger.plans.use({ plan: one.plan, nowMs });
            plan.next = { plan: one.plan, fromMs: Math.floor(nowMs / minuteMs) * minuteMs + minuteMs };
          }
          if (one.kind === 'call') {
            const begun = begunCall(`call_${number}`, { startedAtMs: nowMs + number, customer: one.customer });
            const { passes, searches, customer } = one;
            ledger.db.transaction(() => {
              ledger.recorder.settle(begun, settled(begun, passes, searches));
              ledger.recorder.writeRollups();
            })();
            known.push({ id: begun.id, customer, passes, searches, extraOutput: 0, isChanged: false, plan: plan.now });
          }
          const corrected = one.kind === 'correct' ? known[one.which % Math.max(1, known.length)] : undefined;
          if (one.kind === 'correct' && corrected) {
            if (one.how === 'reprice') book = laterBook;
            correct(ledger, corrected, one.how, book);
          }
          if (one.kind === 'seal' || one.kind === 'send') sealAndSend(ledger.db, one.kind, number);

          const labels = new Map(sentOf(ledger).map(({ key, label }) => [key, label]));
          for (const { key, label } of sent) expect(labels.get(key)).toBe(label);
          sent = sentOf(ledger);
        }
        expect(countedOf(ledger)).toEqual(expectedOf(ledger, known));
        expect(ledger.findings()).toEqual([]);
        expectWorth(ledger);
        const pricedAnew = known.filter(({ isChanged, plan: own }) => !isChanged && own.kind !== 'cost');
        for (const { id } of pricedAnew) expect(differencesOf(ledger, id)).toBe(0);
        ledger.close();
      }),
      { numRuns: 150 },
    );
  });
});

/** Another price, and another name of the model in a later book, change nothing of the tokens that Stripe was told. */
function differencesOf({ db }: LedgerDb, id: string): number {
  return (
    db.prepare<[string], number>('SELECT COUNT(*) FROM billing_differences WHERE call_id = ?').pluck().get(id) ?? 0
  );
}

/** Of calls that were never corrected after a send: the worth of their shares is the cost with the markup. */
function expectWorth({ db }: LedgerDb): void {
  const rows = db
    .prepare<
      [],
      { readonly cost: number | null; readonly worth: number | null; readonly plan: string; readonly customer: string }
    >(
      `SELECT c.cost_nano_usd AS cost, CASE WHEN COUNT(s.worth_nano_usd) = COUNT(*) THEN SUM(s.worth_nano_usd) END AS worth, p.plan, c.customer
         FROM outbox_shares s JOIN current_calls c ON c.seq = s.call_seq JOIN plans p ON p.seq = s.plan
        WHERE c.id NOT IN (SELECT call_id FROM billing_differences) AND c.revision = 1 GROUP BY c.seq`,
    )
    .all();
  for (const { cost, worth, plan: text, customer } of rows) {
    const plan = planSchema.parse(JSON.parse(text));
    expect(worth).toBe(cost === null ? null : billed(cost, percentFor(plan, customer)));
  }
}
