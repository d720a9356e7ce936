/** What is wrong with settings of the limits is said field by field, with what to do; nothing is taken for its default in silence. */
import { describe, expect, it } from 'vitest';

import { checkLimits } from '../../../shared/contract/limits-settings.ts';
import { limitsSettingsSchema } from '../../../shared/contract/limits.ts';

const limits = limitsSettingsSchema.parse({});
const given = (more: object, drainOnAbort: unknown = false) => ({ limits: { ...limits, ...more }, drainOnAbort });

function problems(value: unknown): string[] {
  const check = checkLimits(value);
  return check.kind === 'valid' ? [] : check.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('settings of the limits', () => {
  it('are taken as they are where all is well', () => {
    const settings = given({
      contextLimitTokens: null,
      callCeilingUsd: 0.07,
      budgets: [
        { of: 'team', name: null, per: 'month', usd: 600 },
        { of: 'team', name: null, per: 'day', usd: 50 },
        { of: 'member', name: null, per: 'day', usd: 20 },
        { of: 'member', name: 'alice', per: 'day', usd: 1_000_000 },
      ],
      projects: { research: { contextLimitTokens: 300_000 }, ops: { callCeilingUsd: null } },
    });
    expect(checkLimits(settings)).toEqual({ kind: 'valid', settings });
  });

  it('take every amount of whole cents and no other', () => {
    for (let cents = 1; cents < 20_000; cents += 7)
      expect(problems(given({ callCeilingUsd: cents / 100 }))).toEqual([]);
    for (const amount of [0, -1, 0.001, 12.345, 1_000_001, '5', Number.NaN])
      expect(problems(given({ callCeilingUsd: amount }))).toHaveLength(1);
  });

  const amount = 'This is no amount from $0.01 to $1,000,000 in dollars and whole cents.';
  it.each([
    [
      { contextLimitTokens: 10 },
      'limits.contextLimitTokens: A context limit is a whole number from 1,000 to 10,000,000 tokens.',
    ],
    [
      { contextLimitTokens: 2_000.5 },
      'limits.contextLimitTokens: A context limit is a whole number from 1,000 to 10,000,000 tokens.',
    ],
    [{ callCeilingUsd: -2 }, `limits.callCeilingUsd: ${amount}`],
    [{ budgets: [{ of: 'team', name: null, per: 'day', usd: 0 }] }, `limits.budgets.0.usd: ${amount}`],
    [
      { budgets: [{ of: 'member', name: ' ', per: 'day', usd: 1 }] },
      'limits.budgets.0.name: A name has 1 to 100 characters.',
    ],
    [
      { budgets: [{ of: 'team', name: 'x', per: 'day', usd: 1 }] },
      'limits.budgets.0.name: The budget of the team takes no name.',
    ],
    [
      { budgets: [{ of: 'robot', name: null, per: 'day', usd: 1 }] },
      'limits.budgets.0.of: A budget is of the team, a member, a project or a customer.',
    ],
    [
      { budgets: [{ of: 'team', name: null, per: 'week', usd: 1 }] },
      'limits.budgets.0.per: A budget is per day or per month.',
    ],
    [
      { projects: { research: { contextLimitTokens: 5 } } },
      'limits.projects.research.contextLimitTokens: A context limit is a whole number from 1,000 to 10,000,000 tokens.',
    ],
    [{ projects: { ' ': {} } }, 'limits.projects. : The name of a project has 1 to 100 characters.'],
    [{ cutsMidStream: 'yes' }, 'limits.cutsMidStream: cutsMidStream is neither on nor off.'],
    [{ contextLimit: 5_000 }, 'limits.contextLimit: There is no setting contextLimit.'],
  ])('that hold %o say what is wrong beside its field', (more, sentence) => {
    expect(problems(given(more))).toEqual([sentence]);
  });

  it('say everything that is wrong at once, each with what to do', () => {
    const check = checkLimits(given({ contextLimitTokens: 1, callCeilingUsd: 0, hasWarningHeader: 1 }, 'no'));
    expect(check.kind === 'invalid' && check.problems.map(({ path }) => path.at(-1))).toEqual([
      'contextLimitTokens',
      'callCeilingUsd',
      'hasWarningHeader',
      'drainOnAbort',
    ]);
    for (const { remedy } of check.kind === 'invalid' ? check.problems : []) expect(remedy).toMatch(/^[A-Z].+\.$/);
  });

  it('with two budgets of the same for the same name the second', () => {
    const twice = { of: 'member', name: 'alice', per: 'day' };
    expect(
      problems(
        given({
          budgets: [
            { ...twice, usd: 5 },
            { ...twice, per: 'month', usd: 5 },
            { ...twice, usd: 9 },
          ],
        }),
      ),
    ).toEqual(['limits.budgets.2.name: There is a budget per day of the member alice already.']);
  });

  it('with a key left out say so, since it would become its default in silence', () => {
    const { budgets: _left, ...others } = limits;
    expect(problems({ limits: others, drainOnAbort: false })).toEqual(['limits.budgets: budgets is left out.']);
    expect(problems({ limits })).toEqual(['drainOnAbort: drainOnAbort is neither on nor off.']);
    expect(problems(null)).toHaveLength(1);
    expect(problems({ limits: null, drainOnAbort: true })).toHaveLength(1);
  });
});
