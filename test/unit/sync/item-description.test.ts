/** What an invoice item says of itself where it bills more meters than Stripe's 500 characters name. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { planSchema } from '../../../shared/contract/plan.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const dayMs = 24 * 3_600_000;
let world: OutboxWorld;
beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a'], plan: planSchema.parse({ kind: 'tokens-by-model' }) });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  world.close();
});

/** On five meters of this model. */
function callOf(model: string): void {
  const begun = begunCall(`call_${model}`, { startedAtMs: world.clock.nowMs(), requestedModel: model });
  const { id, outcome, lines } = settledCall(begun, {
    input_tokens: 100_000,
    output_tokens: 7_000,
    cache_read_input_tokens: 30_000,
    cache_creation_input_tokens: 2_000,
    cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 1_000 },
  });
  world.db.transaction(() => {
    const named = lines.map((line) => ({ ...line, model }));
    world.ledger.recorder.settle(begun, { id, outcome: { ...outcome, model }, lines: named });
    world.ledger.recorder.writeRollups();
  })();
}

it('names the meters that fit and how many more there are; what is proposed names them all', async () => {
  for (const model of ['claude-opus-4-5-20251101', 'claude-sonnet-5-5', 'claude-haiku-4-5-20251001']) callOf(model);
  world.clock.advance(36 * dayMs);
  await world.sync();
  const [proposed] = world.view().carryForwards;
  expect(proposed?.sentence.length).toBeGreaterThan(500);
  expect(proposed?.sentence.match(/ of claude-/g)).toHaveLength(15);
  expect(await world.createItem('cus_a')).toMatchObject({ kind: 'created' });
  const [item] = world.stripe.state.invoiceItems;
  expect(item?.description).toMatch(
    /^Usage of 2026-11-02 \(3 calls\) that was not metered: worth \$[\d.]+, 30,000 cache reads of claude-haiku-.* and on \d+ more meters\.$/,
  );
});
