/** Which plan is in force when, and which may follow which. */
import { describe, expect, it } from 'vitest';

import { planSchema, type DatedPlan, type Plan } from '../../../shared/contract/plan.ts';
import { clashingPlan, firstFreeMinute, isSamePlan, planAt } from '../../../shared/dated-plan.ts';

const plan = (wish: object): Plan => planSchema.parse({ kind: 'cost', ...wish });
const dated = (fromMs: number, wish: object): DatedPlan => ({ seq: fromMs, fromMs, setAtMs: 0, plan: plan(wish) });

describe('the plan of an instant', () => {
  const plans = [dated(0, {}), dated(120_000, { kind: 'tokens' })];

  it('is the last whose minute is not after it', () => {
    expect(planAt(plans, 119_999)?.plan.kind).toBe('cost');
    expect(planAt(plans, 120_000)?.plan.kind).toBe('tokens');
  });

  it('is the first before all of them, and none where there is none', () => {
    expect(planAt(plans, -1)?.plan.kind).toBe('cost');
    expect(planAt([], 0)).toBeNull();
  });
});

describe('a change', () => {
  it('begins with the next whole minute, and after every minute in which something is counted', () => {
    expect(firstFreeMinute(60_000, null)).toBe(120_000);
    expect(firstFreeMinute(119_999, 60_000)).toBe(120_000);
    // The clock was ahead.
    expect(firstFreeMinute(119_999, 600_000)).toBe(660_000);
  });

  it('is none where only the order of markups differs', () => {
    const a = plan({ customerMarkupPercent: { cus_a: 1, cus_b: 2 } });
    expect(isSamePlan(a, plan({ customerMarkupPercent: { cus_b: 2, cus_a: 1 } }))).toBe(true);
    expect(isSamePlan(a, plan({ customerMarkupPercent: { cus_a: 1 } }))).toBe(false);
  });

  it('may not give a meter two units', () => {
    const cost = plan({ eventName: 'ours_input' });
    expect(clashingPlan(plan({ kind: 'tokens', eventPrefix: 'ours', eventName: 'x' }), [cost])).toBe(cost);
    expect(clashingPlan(plan({ kind: 'tokens' }), [plan({}), plan({ kind: 'tokens-by-model' })])).toBeNull();
    const tokens = plan({ kind: 'tokens', eventPrefix: 'ours_web_search', eventName: 'x' });
    expect(clashingPlan(plan({ kind: 'tokens-by-model', eventPrefix: 'ours', eventName: 'x' }), [tokens])).toBe(tokens);
    expect(clashingPlan(plan({ eventName: 'another' }), [cost])).toBeNull();
  });
});
