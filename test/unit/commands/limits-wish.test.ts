/** What `tollkeeper limits set` and `budget` come to, and what they say of what cannot be meant. */
import { describe, expect, it } from 'vitest';

import { withBudget, withSet } from '../../../main/commands/limits-wish.ts';
import { limitsSettingsSchema } from '../../../shared/contract/limits.ts';

const before = {
  limits: limitsSettingsSchema.parse({
    budgets: [
      { of: 'team', per: 'month', usd: 600 },
      { of: 'member', name: 'alice', per: 'day', usd: 20 },
    ],
    projects: { research: { contextLimitTokens: 300_000, callCeilingUsd: null } },
  }),
  drainOnAbort: false,
};

describe('limits set', () => {
  it('changes what is named and leaves the rest', () => {
    const next = withSet(before, { context: '150k', ceiling: '$12.50', cutMidStream: 'on', drain: 'ON' });
    expect(next).toEqual({
      limits: { ...before.limits, contextLimitTokens: 150_000, callCeilingUsd: 12.5, cutsMidStream: true },
      drainOnAbort: true,
    });
    expect(withSet(before, { context: 'off', ceiling: 'off' }).limits).toMatchObject({
      contextLimitTokens: null,
      callCeilingUsd: null,
    });
    expect(withSet(before, { warningHeader: 'off', countTokens: 'off' }).limits).toMatchObject({
      hasWarningHeader: false,
      asksCountTokens: false,
      contextLimitTokens: 100_000,
    });
  });

  it('sets what differs in a project, and takes it away again', () => {
    const more = withSet(before, { context: '200000', project: 'ops' });
    expect(more.limits).toMatchObject({
      contextLimitTokens: 100_000,
      projects: { ...before.limits.projects, ops: { contextLimitTokens: 200_000 } },
    });
    const less = withSet(before, { ceiling: 'all', project: 'research' });
    expect(less.limits.projects).toEqual({ research: { contextLimitTokens: 300_000 } });
    expect(withSet(less, { context: 'all', project: 'research' }).limits.projects).toEqual({});
    expect(withSet(before, { ceiling: 'off', project: 'ops' }).limits.projects['ops']).toEqual({
      callCeilingUsd: null,
    });
  });

  it.each([
    [{}, 'Nothing is said that could be set.'],
    [{ project: 'ops' }, 'Nothing is said that could be set.'],
    [{ context: 'much' }, '--context is no number of tokens: "much".'],
    [{ ceiling: '12,50' }, '--ceiling is no amount in dollars: "12,50".'],
    [{ drain: 'maybe' }, '--drain is neither on nor off: "maybe".'],
  ])('with %o says what to do', (flags, sentence) => {
    expect(() => withSet(before, flags)).toThrow(sentence);
  });
});

describe('limits budget', () => {
  it('changes the one that is there, adds one that is not, and removes one', () => {
    const of = (whose: string, amount: string, per = 'month') =>
      withBudget(before, { whose, amount, per }).limits.budgets.map(({ of: kind, name, per: period, usd }) =>
        [kind, name, period, usd].join(' '),
      );
    expect(of('team', '700')).toEqual(['team  month 700', 'member alice day 20']);
    expect(of('team', '50', 'day')).toEqual(['team  month 600', 'member alice day 20', 'team  day 50']);
    expect(of('member', '5', 'day').at(-1)).toBe('member  day 5');
    expect(of('project:a:b', '5').at(-1)).toBe('project a:b month 5');
    expect(of('member:alice', 'off', 'day')).toEqual(['team  month 600']);
  });

  it.each([
    [{ whose: 'robot', amount: '5', per: 'day' }, '"robot" has no budget.'],
    [{ whose: 'team:x', amount: '5', per: 'day' }, '"team:x" has no budget.'],
    [{ whose: 'member:', amount: '5', per: 'day' }, '"member:" has no budget.'],
    [{ whose: 'team', amount: 'lots', per: 'day' }, 'The budget is no amount in dollars: "lots".'],
    [{ whose: 'team', amount: '5', per: 'week' }, 'A budget is per day or per month, not per "week".'],
    [{ whose: 'team', amount: 'off', per: 'day' }, 'There is no budget per day of team.'],
  ])('with %o says what to do', (wish, sentence) => {
    expect(() => withBudget(before, wish)).toThrow(sentence);
  });
});
