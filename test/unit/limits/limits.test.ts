/** The limits as the engine asks them: what is refused and in which words, what is let on, and that their own faults stop no call. */
import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';

import { createCutShort } from '../../../main/limits/cut-short.ts';
import { cutEvent, isOverCeiling } from '../../../main/limits/mid-stream-cut.ts';
import type { Refusal } from '../../../main/limits/refusal.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { letOnCommand, limitsSettingsSchema } from '../../../shared/contract/limits.ts';
import { readUsage } from '../../../shared/usage.ts';
import { measurePrompt } from '../../../shared/prompt-measure.ts';
import { begunCall } from '../../kit/call-rows.ts';
import {
  callAfter,
  callBefore,
  limitsWith,
  measureOf,
  minuteMs,
  noon,
  opus,
  rulesOf,
  turnOf,
} from '../../kit/limit-calls.ts';

const usd = 1_000_000_000;

function refused(limits: ReturnType<typeof limitsWith>, more: Parameters<typeof callBefore>[1] = {}): Refusal {
  const { decision } = limits.before(callBefore('call_1', more));
  if (decision.kind !== 'refused') throw new Error('the call was let through');
  return decision;
}

/** The body as a client of Anthropic's SDK meets it. */
function asSdkError({ status, headers, body }: Refusal) {
  return Anthropic.APIError.generate(status, JSON.parse(body) as object, undefined, new Headers(headers));
}

describe('the context limit', () => {
  it('refuses in the words on which Claude Code compacts, then says what it would have cost and how to go on', () => {
    const answer = refused(limitsWith({}), { measure: measureOf(150_000) });
    expect(answer).toMatchObject({ cause: 'context_limit', status: 400, errorType: 'invalid_request_error' });
    expect(answer.sentence).toMatch(/^prompt is too long: \d{6} tokens > 100000 maximum\. /);
    expect(answer.sentence).toMatch(/it would have cost about \$0\.\d+\. To go on, compact/);
    expect(answer.sentence).toContain('tollkeeper allow c1 --for 1h');
    expect(answer.wouldCostNanoUsd).toBeGreaterThan(0.5 * usd);
    const error = asSdkError(answer);
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error.message).toContain('prompt is too long');
    expect(JSON.parse(answer.body)).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: answer.sentence },
    });
  });

  it('lets a prompt through that is exactly as long, and goes by what count_tokens said where it was asked', () => {
    const limits = limitsWith({});
    const long = measureOf(150_000);
    expect(limits.before(callBefore('1', { measure: long, countedTokens: 100_000 })).decision.kind).toBe('allowed');
    expect(limits.before(callBefore('2', { measure: measureOf(10), countedTokens: 100_001 })).decision.kind).toBe(
      'refused',
    );
  });

  it('is that of the project where it has its own, and none where it is off', () => {
    const limits = limitsWith({
      projects: { webshop: { contextLimitTokens: 5_000 }, docs: { contextLimitTokens: null } },
    });
    expect(refused(limits).sentence).toContain('> 5000 maximum');
    expect(limits.before(callBefore('2', { project: 'docs', measure: measureOf(500_000) })).decision.kind).toBe(
      'allowed',
    );
    expect(limits.before(callBefore('3', { project: 'toString' })).decision.kind).toBe('allowed');
  });

  it('asks count_tokens to be asked only near it', () => {
    const limits = limitsWith({});
    const worth = (tokens: number) => limits.isWorthCounting(callBefore('1', { measure: measureOf(tokens) }));
    expect([10_000, 97_000, 105_000, 200_000].map(worth)).toEqual([false, true, true, false]);
    expect(
      limitsWith({ contextLimitTokens: null }).isWorthCounting(callBefore('1', { measure: measureOf(97_000) })),
    ).toBe(false);
  });
});

describe('the call ceiling', () => {
  it('refuses likewise where the prompt is what costs, with the tokens that it pays for', () => {
    const answer = refused(limitsWith({ contextLimitTokens: null, callCeilingUsd: 1 }), {
      measure: measureOf(500_000),
    });
    expect(answer).toMatchObject({ cause: 'call_ceiling', status: 400, errorType: 'invalid_request_error' });
    expect(answer.sentence).toMatch(
      /^prompt is too long: \d+ tokens > 2\d{5} maximum, which is what the call ceiling of \$1\.00 pays for\./,
    );
  });

  it('says so plainly where the answer is, since compacting would not help', () => {
    const limits = limitsWith({ callCeilingUsd: 0.5 });
    for (let turn = 0; turn < 5; turn++)
      limits.after(callAfter(`t${turn}`, usd, { turn: turnOf({ inputTokens: 500, outputTokens: 60_000 }) }));
    const answer = refused(limits, { measure: measureOf(500), maxTokens: 128_000 });
    expect(answer.sentence).toMatch(
      /^This call is expected to cost \$\d\.\d\d, more than the call ceiling of \$0\.50, most of it for its answer\./,
    );
    expect(answer.sentence).not.toContain('too long');
    expect(limits.before(callBefore('2', { measure: measureOf(500), maxTokens: 1_000 })).decision.kind).toBe('allowed');
  });

  it('goes by the cache that the conversation is expected to have', () => {
    const limits = limitsWith({ contextLimitTokens: null, callCeilingUsd: 0.5 });
    const turn = turnOf({ cacheWrite5mTokens: 200_000, outputTokens: 100 }, { tokensByRule: 1 });
    limits.after(callAfter('t1', usd, { turn }));
    const measure = { ...measureOf(1), cacheLifetime: '5m' as const };
    const warm = { measure, countedTokens: 201_000, nowMs: noon + 4 * minuteMs };
    expect(limits.before(callBefore('1', warm)).expected?.counts).toMatchObject({
      cacheReadTokens: 200_000,
      cacheWrite5mTokens: 1_000,
    });
    expect(limits.before(callBefore('2', warm)).decision.kind).toBe('allowed');
    expect(refused(limits, { ...warm, nowMs: noon + 6 * minuteMs }).cause).toBe('call_ceiling');
    expect(refused(limits, { ...warm, measure: { ...measure, model: 'claude-opus-4-8' } }).cause).toBe('call_ceiling');
  });

  it('does not refuse a model that nobody can price', () => {
    const limits = limitsWith({ contextLimitTokens: null, callCeilingUsd: 0.01 });
    const { decision, expected } = limits.before(
      callBefore('1', { measure: measureOf(500_000, { model: 'claude-next-9' }) }),
    );
    expect(expected?.nanoUsd).toBeNull();
    expect(decision).toMatchObject({ kind: 'allowed', reservedNanoUsd: 0 });
  });
});

describe('a budget that is spent', () => {
  const limits = () => limitsWith({ budgets: [{ of: 'member', per: 'day', usd: 1 }] });

  it('refuses as Anthropic’s own gateway does: 429 billing_error that no client retries', () => {
    const spent = limits();
    spent.after(callAfter('t1', 1.5 * usd));
    const answer = refused(spent);
    expect(answer).toMatchObject({ cause: 'budget', status: 429, errorType: 'billing_error' });
    expect(answer.headers).toEqual({ 'x-should-retry': 'false', 'retry-after': String(12 * 3_600) });
    expect(answer.sentence).toMatch(
      /^spend limit reached \(daily; resets 2026-11-25 00:00 UTC\)\. The budget of \$1\.00 of the member alice is spent: \$1\.50\./,
    );
    expect(asSdkError(answer)).toBeInstanceOf(Anthropic.RateLimitError);
  });

  it('says so when the room is only held by calls on their way, and when to ask again', () => {
    const held = limits();
    for (let call = 0; call < 40; call++) held.before(callBefore(`call_${call}`));
    const answer = refused(held, { callId: 'late' });
    expect(answer.headers['retry-after']).toBe('60');
    expect(answer.sentence).toContain('$0.00 is spent and');
    expect(answer.sentence).toContain('is spoken for by calls and batches on their way');
  });

  it('says so when something is left that does not pay for the call', () => {
    const nearly = limits();
    nearly.after(callAfter('t1', 0.99 * usd));
    const answer = refused(nearly);
    expect(answer.sentence).toContain(
      'Of the budget of $1.00 of the member alice, $0.99 is spent, and what is left does not pay for this call.',
    );
    expect(answer.headers['retry-after']).toBe(String(12 * 3_600));
  });

  it('refuses a model that nobody can price too, since it costs something', () => {
    const spent = limits();
    const unknown = measureOf(10_000, { model: 'claude-next-9' });
    expect(spent.before(callBefore('1', { measure: unknown })).decision.kind).toBe('allowed');
    spent.after(callAfter('t1', 1.5 * usd));
    expect(refused(spent, { measure: unknown })).toMatchObject({ cause: 'budget', wouldCostNanoUsd: null });
  });

  it('refuses by what is spent where the body could not be read, and lets it through otherwise', () => {
    const spent = limits();
    expect(spent.before(callBefore('1', { measure: null })).decision.kind).toBe('allowed');
    spent.after(callAfter('t1', 2 * usd));
    expect(refused(spent, { measure: null }).cause).toBe('budget');
  });
});

describe('a conversation that was let on', () => {
  it('passes all limits for an hour or for good, is counted, and no other one passes', () => {
    const limits = limitsWith({ callCeilingUsd: 0.05, budgets: [{ of: 'team', per: 'day', usd: 0.01 }] });
    limits.after(callAfter('t1', usd));
    const long = { measure: measureOf(150_000) };
    limits.letOn.allow('c1', noon + 60 * minuteMs);
    const { decision } = limits.before(callBefore('1', long));
    expect(decision).toMatchObject({ kind: 'allowed', isLetOn: true });
    expect(limits.sums('team', null, 'day', '2026-11-24').reservedNanoUsd).toBeGreaterThan(0.5 * usd);
    expect(refused(limits, { ...long, conversation: 'c2' }).cause).toBe('context_limit');
    expect(refused(limits, { ...long, nowMs: noon + 60 * minuteMs }).cause).toBe('context_limit');
    limits.letOn.allow('c1', null);
    expect(limits.before(callBefore('2', { ...long, nowMs: noon + 600 * minuteMs })).decision.kind).toBe('allowed');
    limits.letOn.revoke('c1');
    expect(refused(limits, long).cause).toBe('context_limit');
    expect(limits.before(callBefore('3', { conversation: null, measure: measureOf(100) })).decision.kind).toBe(
      'refused',
    );
  });

  it('is still let on after a restart, until its hour is over', () => {
    const before = limitsWith({});
    before.letOn.allow('c1', noon + 60 * minuteMs);
    before.letOn.allow('c2', noon + minuteMs);
    const memory = before.memory(noon + 5 * minuteMs);
    expect(memory.letOn).toEqual({ c1: noon + 60 * minuteMs });
    const after = limitsWith({}, { memory: JSON.parse(JSON.stringify(memory)) as typeof memory });
    expect(after.letOn.isLetOn('c1', noon)).toBe(true);
  });

  it('is named in the line to type, whatever its name is', () => {
    expect(letOnCommand('prompt_1f', 'good')).toBe('tollkeeper allow prompt_1f --for good');
    expect(letOnCommand('alice/my shop’s/x')).toBe("tollkeeper allow 'alice/my shop’s/x' --for 1h");
  });
});

describe('what the limits learn', () => {
  it('brings the estimate to what the model’s calls come to, and stays known after a restart', () => {
    const measure = measureOf(20_000);
    const limits = limitsWith({});
    const tokens = limits.before(callBefore('1', { measure })).estimate?.tokens ?? 0;
    for (let call = 0; call < 20; call++) {
      const turn = turnOf({ inputTokens: Math.round(tokens * 1.2), outputTokens: 50 });
      limits.after(callAfter(`t${call}`, 0, { conversation: null, turn, measure }));
    }
    const other = { conversation: 'another', measure, maxTokens: null };
    const learnt = limits.before(callBefore('2', other));
    expect((learnt.estimate?.tokens ?? 0) / tokens).toBeGreaterThan(1.18);
    expect(learnt.expected?.counts.outputTokens).toBe(50);
    const after = limitsWith({}, { memory: limits.memory(noon) }).before(callBefore('2', other));
    expect(after.estimate).toEqual(learnt.estimate);
    expect(after.expected?.nanoUsd).toBe(learnt.expected?.nanoUsd);
    expect(after.expected?.counts).toEqual(learnt.expected?.counts);
  });

  it('goes on with a conversation after a restart, and does not tell again what was told', () => {
    const turns = [40_000, 60_000].map((tokens, index) =>
      turnOf({ cacheWrite5mTokens: tokens }, { costNanoUsd: usd / 100, startedAtMs: noon + index * minuteMs }),
    );
    const limits = limitsWith({});
    limits.replay(turns.map((turn) => ({ conversation: 'c1', project: 'webshop', turn })));
    expect(limits.economics('c1', 'webshop', noon + 2 * minuteMs)).toMatchObject({
      turns: 2,
      costNanoUsd: usd / 50,
      growthTokens: 20_000,
      cache: { warmTokens: 60_000 },
    });
    expect(limits.economics('c2', null, noon)).toBeNull();
    expect(limits.sums('team', null, 'day', '2026-11-24').spentNanoUsd).toBe(0);
    const turn = turnOf({ cacheReadTokens: 60_000, cacheWrite5mTokens: 5_000 }, { startedAtMs: noon + 3 * minuteMs });
    expect(limits.after(callAfter('3', 0, { turn })).warnings).toEqual([]);
  });

  it('rests in a conversation on what Anthropic told of its last turn', () => {
    const limits = limitsWith({});
    const measure = measureOf(20_000);
    const { tokensByRule = 0 } = limits.before(callBefore('1', { measure })).estimate ?? {};
    limits.after(
      callAfter('1', 0, { measure, turn: turnOf({ inputTokens: 26_000, outputTokens: 100 }, { tokensByRule }) }),
    );
    const next = limits.before(callBefore('2', { measure: measureOf(21_000) })).estimate;
    expect(next?.restsOn).toBe('last_turn');
    expect(Math.abs((next?.tokens ?? 0) - 27_100)).toBeLessThan(400);
  });
});

describe('a fault of the limits’ own code', () => {
  const broken = () =>
    limitsWith(
      {},
      {
        book: () => {
          throw new Error('no book');
        },
      },
    );

  const teamBudget = { budgets: [{ of: 'team', per: 'day', usd: 100 }] };

  it('lets the call pass and says so', () => {
    const { decision } = broken().before(callBefore('1'));
    expect(decision).toEqual({
      kind: 'allowed',
      reservedNanoUsd: 0,
      isLetOn: false,
      failure: 'The limits failed and the call was let through: no book',
    });
  });

  it('at the end of a call still ends its reservation', () => {
    let fails = false;
    const limits = limitsWith(teamBudget, {
      book: () => {
        if (fails) throw new Error('no book');
        return currentBook;
      },
    });
    limits.before(callBefore('1'));
    fails = true;
    const { failure } = limits.after(callAfter('1', 5, { turn: turnOf({ inputTokens: 10 }) }));
    expect(failure).toContain('no book');
    expect(limits.sums('team', null, 'day', '2026-11-24')).toEqual({ spentNanoUsd: 5, reservedNanoUsd: 0 });
    expect(limits.isWorthCounting(callBefore('2'))).toBe(false);
  });

  it('ends the reservation even where the money could not be counted', () => {
    const limits = limitsWith(teamBudget);
    limits.before(callBefore('1'));
    expect(limits.sums('team', null, 'day', '2026-11-24').reservedNanoUsd).toBeGreaterThan(0);
    expect(limits.after(callAfter('1', 5, { startedAtMs: Number.NaN })).failure).toContain('The limits failed');
    expect(limits.sums('team', null, 'day', '2026-11-24')).toEqual({ spentNanoUsd: 0, reservedNanoUsd: 0 });
  });

  it('is not what a strange request is', () => {
    const measure = measurePrompt({ model: 7, messages: { not: 'a list' }, tools: 'none', system: 5 });
    const { decision } = limitsWith({}).before(callBefore('1', { measure, maxTokens: null }));
    expect(decision).toMatchObject({ kind: 'allowed', failure: null });
  });
});

describe('the cut in mid-stream', () => {
  it('comes when the running cost is over the ceiling, and never without one', () => {
    expect(isOverCeiling(usd + 1, usd)).toBe(true);
    expect([isOverCeiling(usd, usd), isOverCeiling(null, usd), isOverCeiling(usd, null)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('that fails cuts nothing, and is shown', () => {
    const told: string[] = [];
    const book = () => {
      throw new Error('no book');
    };
    const limits = limitsWith({ callCeilingUsd: 0.01 });
    const cutShort = createCutShort({ limits, book, nowMs: () => noon, onFailure: (sentence) => told.push(sentence) });
    const soFar = {
      model: opus,
      usage: readUsage({ input_tokens: 1_000_000, output_tokens: 1 }),
      outputTokensSoFar: 1,
    };
    expect(cutShort(begunCall('call_1'), soFar)).toBeNull();
    expect(told).toEqual(['The limits failed and an answer was not cut: no book']);
  });

  it('is one event in Anthropic’s shape', () => {
    const text = cutEvent(10.5 * usd, 10 * usd);
    const [event, data, ...rest] = text.split('\n');
    expect(event).toBe('event: error');
    expect(rest).toEqual(['', '']);
    expect(JSON.parse(data?.slice('data: '.length) ?? '')).toMatchObject({
      type: 'error',
      error: { type: 'billing_error', message: expect.stringContaining('it had cost $10.50') as string },
    });
  });
});

describe('the settings of the limits', () => {
  it('have a default each', () => {
    expect(rulesOf({})).toEqual({
      contextLimitTokens: 100_000,
      callCeilingNanoUsd: 10 * usd,
      budgets: [],
      projects: {},
    });
    expect(limitsSettingsSchema.parse({})).toMatchObject({
      asksCountTokens: true,
      hasWarningHeader: true,
      cutsMidStream: false,
    });
  });

  it('take dollars and cents exactly, and what a project leaves out from the rest', () => {
    const rules = rulesOf({
      callCeilingUsd: 0.29,
      budgets: [{ of: 'customer', name: 'cus_1', per: 'month', usd: 1_234.56 }],
      projects: { webshop: { callCeilingUsd: null } },
    });
    expect(rules.callCeilingNanoUsd).toBe(290_000_000);
    expect(rules.budgets[0]?.limitNanoUsd).toBe(1_234_560_000_000);
    expect(rules.projects['webshop']).toEqual({ contextLimitTokens: 100_000, callCeilingNanoUsd: null });
  });

  it.each([
    ['a misspelt key', { contextLimit: 5_000 }],
    ['a limit below any prompt', { contextLimitTokens: 10 }],
    ['a fraction of a cent', { callCeilingUsd: 0.005 }],
    ['a name for the team', { budgets: [{ of: 'team', name: 'us', per: 'day', usd: 1 }] }],
    ['another period', { budgets: [{ of: 'team', per: 'week', usd: 1 }] }],
  ])('refuse %s', (_what, settings) => expect(limitsSettingsSchema.safeParse(settings).success).toBe(false));
});
