/** What `tollkeeper stripe` says on a terminal, in every state that it may find. */
import { describe, expect, it } from 'vitest';

import {
  accountText,
  customersText,
  mappingText,
  releaseText,
  setupResultText,
  setupText,
} from '../../../main/commands/stripe-text.ts';
import type { MappingView, ReleaseAnswer } from '../../../shared/contract/stripe-customers.ts';
import type { SetupStep, SetupView, StripeAccountView } from '../../../shared/contract/stripe-setup.ts';

const nowMs = Date.parse('2026-11-26T12:00:00Z');
const dayMs = 24 * 3_600_000;

const step = (more: Partial<SetupStep>): SetupStep => ({
  what: 'meter',
  action: 'create_meter',
  name: 'a_meter',
  sentence: 'It is made.',
  remedy: null,
  id: null,
  ...more,
});
const setup: SetupView = {
  mode: 'live',
  accountId: 'acct_1',
  plan: 'cost',
  revision: 'r',
  steps: [
    step({}),
    step({ what: 'product', action: 'conflict', name: 'p', sentence: 'It differs.', remedy: 'Archive it.' }),
  ],
  toDo: 1,
  toDecide: 1,
  notes: ['A note.'],
};

describe('a set-up on a terminal', () => {
  it('says which account and mode, each step with what it is, and the notes', () => {
    expect(setupText(setup)).toEqual([
      'Plan cost in the live account acct_1:',
      'to do              name',
      'make      meter    a_meter  It is made.',
      'conflict  product  p        It differs. Archive it.',
      'A note.',
    ]);
    expect(setupText({ ...setup, mode: 'demo', toDo: 0, steps: [] }).join('\n')).toMatch(
      /^Plan cost in the simulated account acct_1:[^]*Nothing is to be done\.$/,
    );
  });

  it('says of its end only what was not there already', () => {
    const steps = [
      { ...step({ id: 'mtr_1' }), outcome: 'done' as const },
      { ...step({ name: 'other' }), outcome: 'found' as const },
      { ...step({ what: 'price', sentence: 'It needs the meter.' }), outcome: 'skipped' as const },
    ];
    const text = setupResultText({ mode: 'test', accountId: 'acct_1', steps, isComplete: false, sentence: 'The end.' });
    expect(text.join('\n')).toContain('done     meter  mtr_1    It is made.');
    expect(text.join('\n')).not.toContain('other');
    expect(text.at(-1)).toBe('The end.');
    expect(
      setupResultText({ mode: 'test', accountId: 'acct_1', steps: [], isComplete: true, sentence: 'Nothing.' }),
    ).toEqual(['', 'Nothing.']);
  });
});

describe('the account on a terminal', () => {
  const account: StripeAccountView = {
    bound: { accountId: 'acct_1', mode: 'live', boundAtMs: nowMs },
    isDemo: false,
    key: { isOpen: true, sentence: 'The live key is of the account acct_1.', remedy: null },
    permissions: [{ row: 'Meters', access: 'Write', purpose: 'make them', everyDay: 'Read' }],
    newKeyLink: 'https://dashboard.stripe.com/apikeys/create',
  };

  it('says what the ledger is bound to, or that it is not yet', () => {
    expect(accountText(account)[0]).toBe('This ledger is billed to the live account acct_1, since 2026-11-26.');
    expect(accountText({ ...account, bound: null })[0]).toBe(
      'This ledger is billed to no Stripe account yet: it is bound at the first contact.',
    );
    expect(accountText({ ...account, isDemo: true })[0]).toBe('DEMO DATA');
    const closed = { isOpen: false, sentence: 'This is a test key.', remedy: 'Use a live one.' };
    expect(accountText({ ...account, key: closed })[1]).toBe('This is a test key. Use a live one.');
  });
});

describe('customers on a terminal', () => {
  const view = { mode: 'test' as const, accountId: 'acct_1', hasMore: true, reads: { used: 1_234, max: 10_000 } };

  it('are listed with what they lack, and that there are more', () => {
    const customers = [{ id: 'cus_1', name: null, email: null }];
    expect(customersText({ ...view, customers }, 'x')).toEqual([
      'Customers of the test account acct_1 with “x”:',
      'customer  name  address',
      'cus_1     –     –',
      'There are more: look for a part of the name or address.',
      '1,234 of the 10,000 reads that Stripe allows in a month are used.',
    ]);
    expect(customersText({ ...view, hasMore: false, customers: [] }, '')[1]).toBe('None.');
  });

  const mapping: MappingView = {
    projects: [{ name: 'webshop', customer: 'cus_1' }],
    members: [],
    known: { projects: [], members: [] },
    fallback: 'cus_2',
    names: {},
    unmapped: [],
    asOfMs: nowMs,
    trouble: null,
  };
  const group = {
    project: null,
    member: null,
    calls: 2,
    costNanoUsd: 4_140_000,
    unpricedCalls: 0,
    firstMs: nowMs - 34 * dayMs,
    leavesAtMs: nowMs + dayMs,
    older: { calls: 1, costNanoUsd: 2_070_000 },
    unknownCustomer: null,
    uncertain: { calls: 0, costNanoUsd: 0 },
    customer: null,
  };

  it('are told with whom they are billed for, and what waits, which of it leaves soon', () => {
    const text = mappingText({
      ...mapping,
      unmapped: [group, { ...group, member: 'bo', leavesAtMs: null, firstMs: null, calls: 0 }],
    }).join('\n');
    expect(text).toContain('project   webshop  cus_1');
    expect(text).toContain('all else           cus_2');
    expect(text).toMatch(/nobody +2 +\$0\.004140 +2026-10-23 +2026-11-27 \(soon\) +1, \$0\.002070/);
    expect(text).toMatch(/member bo +0 .*– +–/);
    expect(text).toMatch(/\nBill them: `tollkeeper stripe release project NAME CUSTOMER`\.$/);
    const empty = mappingText({
      ...mapping,
      projects: [],
      fallback: null,
      trouble: { message: 'It is broken.', remedy: 'Mend it.' },
    });
    expect(empty.join('\n')).toBe(
      'It is broken. What was in force stays. Mend it.\nNothing is mapped to a customer yet.\n\nNo calls wait for a customer.',
    );
  });

  it('that Stripe does not know are told with their calls, what of them stays, and how they are billed to another', () => {
    const uncertain = { calls: 2, costNanoUsd: 4_140_000 };
    const lines = mappingText({ ...mapping, unmapped: [{ ...group, unknownCustomer: 'cus_wrong', uncertain }] });
    expect(lines.slice(-3)[0]).toMatch(/^customer cus_wrong +2 +\$0\.004140 +2026-10-23/);
    expect(lines.slice(-2)).toEqual([
      'Stripe does not know the customer cus_wrong: bill its calls by `tollkeeper stripe release customer cus_wrong CUSTOMER`.',
      '2 calls more that cost $0.004140 stay: Stripe may count them, on one meter at least. `tollkeeper sync retry ID` finds out of a refused event; what Stripe does not count can be released then.',
    ]);
  });

  it('are told what a release would do, and what it did', () => {
    const answer: ReleaseAnswer = {
      customer: 'cus_1',
      isTrial: true,
      calls: 2,
      costNanoUsd: 4_140_000,
      unpricedCalls: 1,
      fromMs: nowMs - 2 * dayMs,
      toMs: nowMs,
      older: { calls: 3, costNanoUsd: 6_210_000, isReleased: false },
      uncertain: { calls: 0, costNanoUsd: 0 },
    };
    expect(releaseText(answer)).toEqual([
      '2 calls of 2026-11-24 to 2026-11-26 that cost $0.004140 would be billed to cus_1, each in its own minute and under the plan of its time.',
      '1 call of them without a price: billed once there is one.',
      '3 calls that cost $0.006210 left the window and stay where they are; --older bills them by an invoice item.',
    ]);
    const done = {
      ...answer,
      fromMs: nowMs,
      isTrial: false,
      calls: 1,
      unpricedCalls: 0,
      older: { ...answer.older, isReleased: true },
    };
    expect(releaseText(done)).toEqual([
      '1 call of 2026-11-26 that cost $0.004140 is billed to cus_1, each in its own minute and under the plan of its time.',
      '3 calls that cost $0.006210 left the window: they are set aside, with an invoice item proposed.',
    ]);
    const none = { ...answer, calls: 0, unpricedCalls: 0, older: { calls: 0, costNanoUsd: 0, isReleased: false } };
    expect(releaseText(none)).toEqual(['No calls within Stripe’s 35 days wait here.']);
  });
});
