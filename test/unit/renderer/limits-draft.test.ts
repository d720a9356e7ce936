/** A change of the limits while it is typed: what it comes to, what is wrong beside which field, and the plain words for each figure. */
import { describe, expect, it } from 'vitest';

import { limitsSettingsSchema } from '../../../shared/contract/limits.ts';
import type { BudgetRow } from '../../../shared/contract/limits-view.ts';
import {
  checkDraft,
  draftOf,
  isChanged,
  problemsByField,
  withBudgetAdded,
  withProjectAdded,
  type LimitsDraft,
} from '../../../renderer/data/limits-draft.ts';
import { budgetWords, ceilingWords, contextWords } from '../../../renderer/views/limits/draft-words.ts';
import { budgetRules, drainRule } from '../../../renderer/views/limits/limits-words.ts';

const inFile = {
  limits: limitsSettingsSchema.parse({
    callCeilingUsd: null,
    budgets: [
      { of: 'team', per: 'month', usd: 1_600 },
      { of: 'member', name: 'alice', per: 'day', usd: 20.5 },
      { of: 'project', per: 'day', usd: 5 },
    ],
    projects: { research: { contextLimitTokens: 300_000 }, ops: { callCeilingUsd: null } },
  }),
  drainOnAbort: true,
};
const draft = draftOf(inFile);
const problems = (changed: LimitsDraft) => {
  const check = checkDraft(changed);
  return check.kind === 'valid' ? {} : check.problems;
};
const changeBudget = (index: number, more: object): LimitsDraft => ({
  ...draft,
  budgets: draft.budgets.map((budget, at) => (at === index ? { ...budget, ...more } : budget)),
});

describe('a draft', () => {
  it('comes to the settings it was made of, and to nothing changed', () => {
    expect(checkDraft(draft)).toEqual({ kind: 'valid', settings: inFile });
    expect(isChanged(draft, inFile)).toBe(false);
    expect(draft.budgets.map(({ usd }) => usd)).toEqual(['1,600.00', '20.50', '5.00']);
    expect(draft.contextLimitTokens).toEqual({ kind: 'amount', text: '100,000' });
    expect(draft.callCeilingUsd.kind).toBe('none');
  });

  it('takes figures as they are typed', () => {
    const typed = { ...draft, contextLimitTokens: { kind: 'amount', text: '150k' } } as const;
    expect(checkDraft(typed)).toMatchObject({ settings: { limits: { contextLimitTokens: 150_000 } } });
    expect(isChanged(typed, inFile)).toBe(true);
    expect(checkDraft(changeBudget(1, { of: 'team', usd: '$30' }))).toMatchObject({
      settings: { limits: { budgets: [{}, { of: 'team', name: null, usd: 30 }, {}] } },
    });
  });

  it('says what is wrong by the field it stands in', () => {
    expect(problems({ ...draft, contextLimitTokens: { kind: 'amount', text: 'lots' } })).toEqual({
      contextLimitTokens:
        'A context limit is a whole number from 1,000 to 10,000,000 tokens. Give one such as 150,000, or no limit.',
    });
    expect(Object.keys(problems(changeBudget(1, { name: ' ', usd: '12,5' })))).toEqual([
      'budgets.1.name',
      'budgets.1.usd',
    ]);
    expect(problems(changeBudget(2, { isOne: true, of: 'member', name: ' alice ' }))).toEqual({
      'budgets.2.name': 'There is a budget per day of the member alice already. Change that one, or remove this.',
    });
    const added = withBudgetAdded(draft);
    expect(Object.keys(problems(added))).toEqual(['budgets.3.usd']);
    expect(new Set(added.budgets.map(({ id }) => id)).size).toBe(4);
  });

  it('finds a project by its row, also where two have the same name or one has none', () => {
    const named = (name: string): LimitsDraft => {
      const more = withProjectAdded(draft);
      return { ...more, projects: more.projects.map((one, index) => (index === 2 ? { ...one, name } : one)) };
    };
    expect(Object.keys(problems(named('')))).toEqual(['projects.2.name']);
    expect(problems(named('research'))).toEqual({
      'projects.2.name': 'research is named above already. Change it there, or remove this.',
    });
    const wrong: LimitsDraft = {
      ...draft,
      projects: draft.projects.map((one) => ({ ...one, callCeilingUsd: { kind: 'amount', text: 'x' } })),
    };
    expect(Object.keys(problems(wrong))).toEqual(['projects.0.callCeilingUsd', 'projects.1.callCeilingUsd']);
    const path = ['limits', 'contextLimitTokens'];
    expect(problemsByField(draft, [{ path, message: 'This is set by X.', remedy: 'Change it there.' }])).toEqual({
      contextLimitTokens: 'This is set by X. Change it there.',
    });
  });
});

describe('the sentence beside a figure', () => {
  const amount = (text: string) => ({ kind: 'amount', text }) as const;

  it('says tokens as pages, and a ceiling against what calls cost here', () => {
    expect(contextWords(amount('100,000'))).toMatch(/^About 110 pages of text\. A longer prompt is stopped/);
    expect(contextWords(amount('x'))).toMatch(/^Tokens that a prompt may hold/);
    expect(contextWords({ kind: 'none', text: '' })).toBe('A prompt may be as long as its model allows.');
    expect(ceilingWords(amount('10'), 31_000_000)).toBe(
      '323 times as much as a call costs on average this month, $0.031. A call that is expected to cost more is stopped before it is sent.',
    );
    expect(ceilingWords(amount('0.05'), 31_000_000)).toMatch(/^Not even twice as much as a call costs/);
    expect(ceilingWords(amount('10'), null)).toMatch(/^A call that is expected/);
  });

  it('says a budget in the other measure, and what is gone of it', () => {
    const row = { of: 'member', whose: 'alice', per: 'day', spentNanoUsd: 12_100_000_000 } as BudgetRow;
    const [team, alice, each] = draft.budgets;
    if (!team || !alice || !each) throw new Error('three were given');
    expect(budgetWords(team, [row])).toBe('about $53.33 a day');
    expect(budgetWords(alice, [row])).toBe('up to $615.00 in 30 days; $12.10 spent so far');
    expect(budgetWords(each, [row])).toBe('up to $150.00 in 30 days');
    expect(budgetWords({ ...each, usd: '' }, [row])).toBe('–');
  });

  it('says the budgets and draining at rest', () => {
    expect(budgetRules(inFile.limits.budgets)).toBe(
      'Budgets: the team, $1,600.00 a month; the member alice, $20.50 a day; each project, $5.00 a day.',
    );
    expect(budgetRules([])).toMatch(/^No budget is set/);
    expect(drainRule(true)).not.toBe(drainRule(false));
  });
});
