/** A backup takes the place of a ledger that went on for a while: what that one sent is not sent again beside it, whatever became of it since. One Stripe account. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { distrustOutbox } from '../../../main/ledger/restored-outbox.ts';
import { carryAllForward, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
let lost: OutboxWorld;
/** The same ledger as of its backup, with the account of the lost one. */
let backup: OutboxWorld;

beforeEach(() => {
  lost = openOutboxWorld({ customers: ['cus_a'] });
  backup = openOutboxWorld({
    customers: ['cus_a'],
    fetch: () => async (url, init) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      const body = typeof init.body === 'string' ? init.body : '';
      const path = url.pathname + url.search;
      const outcome = lost.stripe.handle({ method: init.method ?? 'GET', path, headers, body });
      if (outcome.kind === 'drop') throw Object.assign(new TypeError('fetch failed'), { code: 'UND_ERR_SOCKET' });
      return new Response(JSON.stringify(outcome.reply.body), { status: outcome.reply.status });
    },
  });
});
afterEach(() => {
  for (const world of [lost, backup]) world.close();
});

function both(ms: number): void {
  for (const world of [lost, backup]) world.clock.advance(ms);
}

function sealBoth(): number {
  const nowMs = lost.clock.nowMs();
  for (const { db } of [lost, backup]) sealClosedMinutes(db, { nowMs, onTheirWay: [] });
  return nowMs;
}

async function restore(backupAtMs: number): Promise<void> {
  distrustOutbox(backup.db, { backupAtMs, nowMs: backup.clock.nowMs() });
  for (let round = 0; round < 24; round++) {
    await backup.sync();
    both(6 * hourMs);
  }
}

it('is held beside another sum of its calls, with both figures', async () => {
  const id = lost.call();
  backup.call();
  both(2 * minuteMs);
  const backupAtMs = sealBoth();
  both(hourMs);
  lost.correct(id, { output: 100 });
  await lost.sync();
  both(hourMs);
  await restore(backupAtMs);
  expect(lost.stripe.state.events).toHaveLength(1);
  expect(backup.events()).toMatchObject([{ state: 'unknown' }]);
  expect(backup.events()[0]?.lastAnswer).toMatch(
    /^Stripe counts \$0\.00\d+ in this minute; .* with it would be right\./,
  );
});

it('is accepted where it was sent as it was, and sent once where it was not', async () => {
  for (const world of [lost, backup]) world.call();
  both(2 * minuteMs);
  sealBoth();
  await lost.sync();
  both(hourMs);
  for (const world of [lost, backup]) world.call();
  both(2 * minuteMs);
  const backupAtMs = sealBoth();
  both(hourMs);
  await restore(backupAtMs);
  expect(lost.stripe.state.events).toHaveLength(2);
  expect(backup.events().map(({ state }) => state)).toEqual(['confirmed', 'confirmed']);
});

it('is not made an item beside one that the lost ledger made of part of it', async () => {
  const worlds = [lost, backup];
  for (const world of worlds) {
    world.stripe.changeRules({ isOffline: true });
    for (let call = 0; call < 20; call++) world.call();
  }
  both(36 * 24 * hourMs);
  for (const world of worlds) {
    world.stripe.changeRules({ isOffline: false });
    await world.sync();
  }
  const backupAtMs = backup.clock.nowMs();
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'created' });
  distrustOutbox(backup.db, { backupAtMs, nowMs: backupAtMs });
  backup.call({ startedAtMs: backupAtMs - 36 * 24 * hourMs });
  backup.clock.advance(2 * minuteMs);
  await backup.sync();
  expect(await backup.createItem('cus_a')).toMatchObject({
    kind: 'not_created',
    sentence: expect.stringContaining('that this ledger made and does not remember') as string,
  });
  expect(lost.stripe.state.invoiceItems).toHaveLength(1);
  expect(backup.view().carryForwards).toHaveLength(1);
});

it('is not made an item beside one of before ledgers had a name', async () => {
  lost.clock.advance(40 * 24 * hourMs);
  for (let call = 0; call < 20; call++) lost.call({ startedAtMs: lost.clock.nowMs() - 36 * 24 * hourMs });
  lost.clock.advance(2 * minuteMs);
  await lost.sync();
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'created' });
  const [item] = lost.stripe.state.invoiceItems;
  if (item) Object.assign(item, { metadata: { tollkeeper_reference: 'tk1-carry:cus_a:1:6:abc' } });
  lost.db.exec(
    "UPDATE meter_events SET carry_forward = NULL, state = 'set_aside'; DELETE FROM carry_forwards; DELETE FROM carry_rests",
  );
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'not_created' });
  expect(lost.stripe.state.invoiceItems).toHaveLength(1);
});

it('is an item again once a person has marked by hand what the forgotten one covers', async () => {
  const daysMs = 24 * hourMs;
  async function setAside(): Promise<void> {
    for (let call = 0; call < 20; call++) lost.call({ startedAtMs: lost.clock.nowMs() - 36 * daysMs });
    lost.clock.advance(2 * minuteMs);
    await lost.sync();
  }
  lost.clock.advance(40 * daysMs);
  await setAside();
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'created' });
  // As of a backup that was made before that item.
  lost.db.exec(
    "UPDATE meter_events SET carry_forward = NULL, state = 'set_aside'; DELETE FROM carry_forwards; DELETE FROM carry_rests",
  );
  await setAside();
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'not_created' });
  carryAllForward(lost);
  await setAside();
  expect(await lost.createItem('cus_a')).toMatchObject({ kind: 'created' });
});
