/** Nothing is sent before it is certain whose account the key is of: every answer of Stripe, on a driven clock. */
import { describe, expect, it } from 'vitest';

import { openAccountGate } from '../../../main/sync/account-gate.ts';
import type { AccountAnswer } from '../../../main/sync/stripe-account.ts';
import type { StripeAccountBinding } from '../../../shared/stripe-binding.ts';
import { createDrivenClock } from '../../kit/driven-clock.ts';

const minuteMs = 60_000;
const offline: AccountAnswer = { kind: 'not_connected', reason: 'ECONNREFUSED' };
const account = (accountId: string): AccountAnswer => ({ kind: 'account', accountId });

function gateOf({ apiKey = 'sk_test_1', bound = null }: { apiKey?: string; bound?: StripeAccountBinding | null } = {}) {
  const clock = createDrivenClock(1_000_000);
  const told: AccountAnswer[] = [];
  const counts = { asked: 0, probed: 0, opened: 0 };
  let inLedger = bound;
  let isReachable = false;
  const gate = openAccountGate({
    apiKey,
    askAccount: () => {
      counts.asked += 1;
      return Promise.resolve(told.shift() ?? offline);
    },
    bound: () => Promise.resolve(inLedger),
    bind: ({ accountId, isLive, nowMs }) => {
      inLedger ??= { accountId, isLive, boundAtMs: nowMs };
      return Promise.resolve(inLedger);
    },
    probe: () => {
      counts.probed += 1;
      return Promise.resolve(isReachable);
    },
    clock,
    fraction: () => 0.5,
    onOpen: () => (counts.opened += 1),
    onTrouble: (error) => {
      throw error;
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    gate,
    counts,
    told,
    ledger: () => inLedger,
    giveUp: () => {
      inLedger = null;
    },
    reach: (next: boolean) => {
      isReachable = next;
    },
    pass: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1_000) {
        clock.advance(1_000);
        await settle();
      }
    },
  };
}

describe('the gate before Stripe', () => {
  it('binds the first account, and opens once', async () => {
    const { gate, counts, told, ledger } = gateOf();
    told.push(account('acct_1'));
    expect(gate.state()).toEqual({ kind: 'asking' });
    expect(await gate.ask()).toEqual({ kind: 'open', accountId: 'acct_1', mode: 'test' });
    await gate.ask();
    expect(counts).toMatchObject({ asked: 1, opened: 1 });
    expect(ledger()).toMatchObject({ accountId: 'acct_1', isLive: false });
  });

  it('refuses a key of the other mode without asking, and one that is no key', async () => {
    const bound = { accountId: 'acct_1', isLive: true, boundAtMs: 0 };
    const other = gateOf({ bound });
    expect(await other.gate.ask()).toMatchObject({
      kind: 'refused',
      sentence:
        'This is a test key, and this ledger is billed to the live account acct_1. Nothing is sent; everything waits.',
    });
    const none = gateOf({ apiKey: 'pk_live_1', bound });
    expect(await none.gate.ask()).toMatchObject({
      kind: 'refused',
      sentence: expect.stringContaining('no secret or restricted key') as string,
    });
    expect([other.counts.asked, none.counts.asked]).toEqual([0, 0]);
  });

  it('refuses the account of somebody else, and asks seldom whether that has changed', async () => {
    const { gate, counts, told, pass } = gateOf({ bound: { accountId: 'acct_1', isLive: false, boundAtMs: 0 } });
    told.push(account('acct_2'), account('acct_2'));
    expect(await gate.ask()).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('acct_2') as string });
    await pass(14 * minuteMs);
    expect(counts.asked).toBe(1);
    await pass(2 * minuteMs);
    expect(counts).toMatchObject({ asked: 2, opened: 0 });
  });

  it('while offline looks by a probe, and asks as soon as something connects', async () => {
    const { gate, counts, told, pass, reach } = gateOf();
    expect(await gate.ask()).toMatchObject({ kind: 'offline', sentence: 'Offline: ECONNREFUSED' });
    await pass(10 * minuteMs);
    // A week offline is not a week of requests.
    expect(counts.asked).toBe(1);
    expect(counts.probed).toBeGreaterThan(10);
    reach(true);
    told.push(account('acct_1'));
    await pass(31_000);
    expect(gate.state()).toMatchObject({ kind: 'open' });
    expect(counts).toMatchObject({ asked: 2, opened: 1 });
  });

  it('asks at once when the host says that the network is back', async () => {
    const { gate, told, pass } = gateOf();
    await gate.ask();
    told.push(account('acct_1'));
    gate.expect();
    await pass(0);
    await expect.poll(() => gate.state().kind).toBe('open');
  });

  it('waits as long as Stripe says', async () => {
    const { gate, counts, told, pass } = gateOf();
    told.push({ kind: 'not_now', reason: 'rate', retryAfterMs: 120_000 }, account('acct_1'));
    await gate.ask();
    await pass(119_000);
    expect(counts.asked).toBe(1);
    await pass(3_000);
    expect(gate.state()).toMatchObject({ kind: 'open' });
  });

  it('is bound anew after the ledger gave its account up', async () => {
    const { gate, told, giveUp } = gateOf({ bound: { accountId: 'acct_1', isLive: false, boundAtMs: 0 } });
    told.push(account('acct_2'), account('acct_2'));
    await gate.ask();
    giveUp();
    expect(await gate.askAnew()).toMatchObject({ kind: 'open', accountId: 'acct_2' });
  });

  it('does nothing more once it is closed', async () => {
    const { gate, counts, pass } = gateOf();
    await gate.ask();
    gate.close();
    await pass(30 * minuteMs);
    await gate.ask();
    expect(counts).toMatchObject({ asked: 1, probed: 0, opened: 0 });
  });
});
