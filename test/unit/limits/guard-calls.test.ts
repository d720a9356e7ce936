/** The limits on the way of a call: what they hold of it ends with it, and a fault of theirs stops nothing and is told. */
import { beforeEach, describe, expect, it } from 'vitest';

import { createGuard, type GuardedCall, type GuardOptions } from '../../../main/limits/guard-calls.ts';
import { hashText } from '../../../main/system/hash-text.ts';
import { createConversationIndex } from '../../../shared/conversation-index.ts';
import { promptChain } from '../../../shared/prompt-chain.ts';
import { readUsage } from '../../../shared/usage.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { limitsWith, measureOf, noon, opus } from '../../kit/limit-calls.ts';

const day = '2026-11-24';
const request = { model: opus, messages: [{ role: 'user', content: 'hello' }] };
const session = { session: null, agent: null, parentAgent: null, parentSession: null, isRetry: false, user: null };
let failures: string[];
let counts: number;
beforeEach(() => {
  failures = [];
  counts = 0;
});

function asking(id: string, tokens = 10_000): GuardedCall {
  return {
    call: begunCall(id, { startedAtMs: noon, requestedModel: opus }),
    inspection: {
      maxTokens: 400,
      measure: measureOf(tokens),
      chain: promptChain(request, hashText),
      session,
      thread: null,
    },
    scope: 'alice',
    countTokens: async () => {
      counts += 1;
      return null;
    },
  };
}

function guardOf(options: Pick<GuardOptions, 'limits'> & Partial<GuardOptions>) {
  return createGuard({
    index: createConversationIndex(hashText),
    switches: () => ({ asksCountTokens: true, hasWarningHeader: true }),
    onRefused: async () => {},
    onWarnings: () => {},
    onBudgetWarnings: () => {},
    onParent: () => {},
    onFailure: (sentence) => void failures.push(sentence),
    ...options,
  });
}

const budgets = [{ of: 'team', per: 'day', usd: 100 }];

describe('a call that may go', () => {
  it('holds its reservation until it ends, and then what it cost', async () => {
    const limits = limitsWith({ budgets });
    const guard = guardOf({ limits });
    const { call } = asking('a');
    expect(await guard.ask(asking('a'))).toMatchObject({
      kind: 'allowed',
      conversation: expect.stringMatching(/^prompt_/),
    });
    expect(limits.sums('team', null, 'day', day).reservedNanoUsd).toBeGreaterThan(0);
    const { outcome } = settledCall(call);
    guard.finish(call, { endedAtMs: noon + 1, usage: readUsage({ input_tokens: 1_000, output_tokens: 10 }) }, outcome);
    expect(limits.sums('team', null, 'day', day)).toEqual({
      spentNanoUsd: outcome.costNanoUsd,
      reservedNanoUsd: 0,
    });
  });

  it('and of which nothing is known at its end leaves nothing behind', async () => {
    const limits = limitsWith({ budgets });
    const guard = guardOf({ limits });
    const { call } = asking('a');
    await guard.ask(asking('a'));
    const outcome = { ...settledCall(call).outcome, status: 'partial' as const, costNanoUsd: null };
    guard.finish(call, { endedAtMs: noon + 1, usage: null }, outcome);
    expect(limits.sums('team', null, 'day', day)).toEqual({ spentNanoUsd: 0, reservedNanoUsd: 0 });
  });

  it('asks for a count near the limit alone', async () => {
    const guard = guardOf({ limits: limitsWith({ contextLimitTokens: 10_000 }) });
    await guard.ask(asking('a', 2_000));
    expect(counts).toBe(0);
    await guard.ask(asking('b', 9_700));
    expect(counts).toBe(1);
  });
});

describe('a fault', () => {
  it('of the limits lets the call pass and is told', async () => {
    const limits = limitsWith(
      { contextLimitTokens: 1_000 },
      {
        book: () => {
          throw new Error('no book');
        },
      },
    );
    const guard = guardOf({ limits });
    expect(await guard.ask(asking('a'))).toMatchObject({ kind: 'allowed', warning: null });
    expect(failures).toEqual(['The limits failed and the call was let through: no book']);
  });

  it('of the conversations, of a count, and of what the refusal is recorded with as well', async () => {
    const broken = () => {
      throw new Error('no hash');
    };
    const limits = limitsWith({ contextLimitTokens: 10_000 });
    expect(await guardOf({ limits, index: createConversationIndex(broken) }).ask(asking('a'))).toEqual({
      kind: 'allowed',
      conversation: null,
      warning: null,
    });
    const noCount = { ...asking('b', 9_700), countTokens: () => Promise.reject(new Error('no count')) };
    expect(await guardOf({ limits }).ask(noCount)).toMatchObject({ kind: 'allowed' });
    const onRefused = () => Promise.reject(new Error('no row'));
    expect(await guardOf({ limits, onRefused }).ask(asking('c', 90_000))).toMatchObject({ kind: 'allowed' });
    expect(failures.map((sentence) => sentence.slice(-8))).toEqual([' no hash', 'no count', ': no row']);
  });
});
