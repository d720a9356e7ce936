/** The limits of a running engine where their own code fails: calls pass, and screen and host are told. */
import { describe, expect, it } from 'vitest';

import { createEngineLimits, type EngineLimitsOptions } from '../../../main/limits/engine-limits.ts';
import type { LimitsStart } from '../../../shared/contract/limits-start.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { hashText } from '../../../main/system/hash-text.ts';
import { limitsSettingsSchema } from '../../../shared/contract/limits.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { promptChain } from '../../../shared/prompt-chain.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { measureOf, opus } from '../../kit/limit-calls.ts';

const start: LimitsStart = {
  spend: [],
  batches: [],
  turns: [],
  warnings: [],
  budgetWarnings: [],
  parents: [],
  memory: null,
};
const session = { session: null, agent: null, parentAgent: null, parentSession: null, isRetry: false, user: null };
const request = { model: opus, messages: [{ role: 'user', content: 'hello' }] };

function limitsOf(options: Partial<EngineLimitsOptions> & { readonly limits?: object }) {
  const notices: string[] = [];
  const { limits = {}, ...more } = options;
  const engineLimits = createEngineLimits({
    settings: limitsSettingsSchema.parse(limits),
    timeZone: 'UTC',
    book: () => currentBook,
    clock: { ...systemClock, after: () => ({ cancel: () => {} }) },
    start,
    ledger: {
      budgetSums: async () => ({ spend: [], batches: [] }),
      keepMemory: async () => true,
      keepWarnings: async () => {},
      keepBudgetWarnings: async () => {},
      keepParent: async () => {},
    },
    recordRefused: async () => {},
    onNotice: (sentence) => void notices.push(sentence),
    ...more,
  });
  const inspection = {
    maxTokens: 400,
    measure: measureOf(200_000),
    chain: promptChain(request, hashText),
    session,
    thread: null,
  };
  const ask = (id: string) =>
    engineLimits.callbacks.onAsk({ call: begunCall(id), inspection, scope: 'alice', countTokens: async () => null });
  return { engineLimits, notices, ask };
}

describe('limits whose own code fails', () => {
  it('let every call pass, from its question to its end, and say so on the screen and to the host, once', async () => {
    let isBroken = true;
    const book = () => {
      if (isBroken) throw new Error('no book');
      return currentBook;
    };
    const { engineLimits, notices, ask } = limitsOf({ book, limits: { contextLimitTokens: 1_000 } });
    expect(engineLimits.summary(systemClock.nowMs()).limitsFailure).toBeNull();
    for (const id of ['call_1', 'call_2']) {
      expect(await ask(id)).toMatchObject({ kind: 'allowed', warning: null });
      const { outcome } = settledCall(begunCall(id));
      expect(() => engineLimits.finish(begunCall(id), { endedAtMs: 1, usage: null }, outcome)).not.toThrow();
    }
    const batch = { call: begunCall('call_3'), requests: [{ measure: measureOf(200_000), maxTokens: 1 }] };
    expect(await engineLimits.callbacks.onAskBatch(batch)).toMatchObject({ kind: 'allowed' });
    const sentence = 'The limits failed and the call was let through: no book';
    expect(engineLimits.summary(systemClock.nowMs()).limitsFailure).toBe(sentence);
    expect(notices).toEqual([sentence]);

    isBroken = false;
    expect(await ask('call_4')).toMatchObject({ kind: 'refused', status: 400 });
    await engineLimits.close();
  });

  it('that cannot keep what they told say so, and the calls go on', async () => {
    const refuses = () => Promise.reject(new Error('database or disk is full'));
    const ledger = {
      budgetSums: refuses,
      keepMemory: async () => false,
      keepWarnings: refuses,
      keepBudgetWarnings: refuses,
      keepParent: refuses,
    };
    const limits = { contextLimitTokens: null, budgets: [{ of: 'team', per: 'month', usd: 0.01 }] };
    const { engineLimits, notices, ask } = limitsOf({ ledger, limits });
    expect(await ask('call_1')).toMatchObject({ kind: 'allowed' });
    const { outcome } = settledCall(begunCall('call_1'), { input_tokens: 100_000, output_tokens: 10 });
    engineLimits.finish(
      begunCall('call_1', { startedAtMs: systemClock.nowMs() }),
      { endedAtMs: 1, usage: null },
      outcome,
    );
    await expect.poll(() => notices.length).toBe(2);
    expect(notices).toEqual([
      expect.stringMatching(/^100 % of the monthly budget of the team is spent/),
      'A warning of a budget could not be kept, since the ledger refuses; it is on the screen.',
    ]);
    expect(engineLimits.summary(systemClock.nowMs()).budgetWarnings).toMatchObject([{ percent: 100 }]);
    await engineLimits.close();
  });
});
