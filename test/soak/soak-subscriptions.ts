/** Subscriptions of the soak: who has one, how they end and begin again, and what Stripe's invoices must come to. */
import type { Plan } from '../../shared/contract/plan.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { readOnNoInvoice } from '../../main/ledger/closing-invoices.ts';
import { subscribe } from '../../main/sandbox/stripe-invoices.ts';
import { sumOf } from '../../main/sandbox/stripe-meter-events.ts';
import type { OutboxWorld } from '../kit/outbox-world.ts';
import type { Random } from '../kit/seeded-random.ts';

/** Half of the customers have one; the others are bound by Stripe's 35 days alone. */
export function subscribeSomebody(
  { stripe, clock }: OutboxWorld,
  random: Random,
  { customer, plan, agoMs }: { readonly customer: string; readonly plan: Plan; readonly agoMs: number },
): void {
  const interval = random.pick(['day', 'week', 'month'] as const);
  const { eventName } = random.pick(metersOf(plan, ['claude-sonnet-5-5']));
  subscribe(stripe.state, { customer, eventName, startMs: clock.nowMs() - agoMs, interval }, stripe.newId);
}

/** Now and then one ends in mid-period, with an invoice or without; some subscribe again, at once or weeks later. */
export function endSomebody(
  world: OutboxWorld,
  { random, plan }: { readonly random: Random; readonly plan: Plan },
): void {
  const { stripe } = world;
  const all = [...stripe.state.subscriptions.values()];
  const running = all.filter(({ endedAtMs }) => endedAtMs === null);
  const without = all.filter(({ customer }) => running.every((other) => other.customer !== customer));
  if (running.length > 0 && random.chance(0.3)) {
    const { id } = random.pick(running);
    const query = random.chance(0.7) ? '?invoice_now=true' : '';
    const headers = { authorization: 'Bearer sk_live_person' };
    stripe.handle({ method: 'DELETE', path: `/v1/subscriptions/${id}${query}`, headers, body: '' });
  }
  if (without.length > 0 && random.chance(0.3)) {
    const { customer } = random.pick(without);
    subscribeSomebody(world, random, { customer, plan, agoMs: 0 });
  }
}

/** What the meter holds of a period is what its invoice counts, once that is final: nothing was sent past it, nothing taken back from it. */
export function wrongInvoices({ stripe: { state } }: OutboxWorld): string[] {
  return state.invoices.flatMap(({ id, eventName, customer, startMs, endMs, quantity }) => {
    const held = sumOf(state, eventName, customer, startMs, endMs, Infinity);
    return quantity === null || quantity === held ? [] : [`${id} counts ${quantity}, its meter holds ${held}`];
  });
}

/** What the ledger says is on no invoice, is: each event that Stripe counts in the last period of a subscription that ended without one. */
export function wrongNotices({ stripe: { state }, db }: OutboxWorld, worldStartMs: number): string[] {
  const there = new Map<string, number>();
  for (const { id, customer, eventName, currentStartMs, endedAtMs } of state.subscriptions.values()) {
    if (endedAtMs === null) continue;
    if (state.invoices.some(({ subscription, endMs }) => subscription === id && endMs > currentStartMs)) continue;
    const counted = state.events.filter(
      (event) =>
        event.failure === null &&
        !event.isCancelled &&
        event.customer === customer &&
        event.eventName === eventName &&
        event.timestampMs >= currentStartMs &&
        event.timestampMs < endedAtMs,
    );
    there.set(customer, (there.get(customer) ?? 0) + counted.length);
  }
  const here = new Map(readOnNoInvoice(db, worldStartMs).map(({ customer, events }) => [customer, events]));
  return [...new Set([...there.keys(), ...here.keys()])]
    .filter((customer) => (there.get(customer) ?? 0) !== (here.get(customer) ?? 0))
    .map(
      (customer) =>
        `${customer}: ${there.get(customer) ?? 0} events are on no invoice, the ledger says ${here.get(customer) ?? 0}`,
    );
}
