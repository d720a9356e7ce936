/** The names, units and number of a plan's meters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { planSchema } from '../../../shared/contract/plan.ts';
import { meteredClasses, metersOf, tokenMeter } from '../../../shared/plan-meters.ts';

const model = fc.oneof(
  fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,12}$/),
  fc.string({ minLength: 1, maxLength: 250 }),
  fc.stringMatching(/^[a-zA-Z0-9_.@:-]{1,60}$/),
);

describe('the meters of a plan', () => {
  it('are one of micro-dollars for cost, under the name that the plan gives', () => {
    expect(metersOf(planSchema.parse({ kind: 'cost', eventName: 'ours' }), ['claude-opus-4-8'])).toEqual([
      expect.objectContaining({ eventName: 'ours', unit: 'micro_usd', tokenClass: null, model: null }),
    ]);
  });

  it('are one for each class of tokens, searches counted as requests', () => {
    const meters = metersOf(planSchema.parse({ kind: 'tokens' }), []);
    expect(meters.map(({ eventName, unit }) => [eventName, unit])).toEqual([
      ['tollkeeper_tokens_input', 'token'],
      ['tollkeeper_tokens_output', 'token'],
      ['tollkeeper_tokens_cache_write_5m', 'token'],
      ['tollkeeper_tokens_cache_write_1h', 'token'],
      ['tollkeeper_tokens_cache_read', 'token'],
      ['tollkeeper_tokens_web_search', 'request'],
    ]);
  });

  it('name the model where they count one, and a model once', () => {
    const meters = metersOf(planSchema.parse({ kind: 'tokens-by-model' }), [
      'claude-opus-4-8',
      'claude-haiku-5',
      'claude-opus-4-8',
    ]);
    expect(meters).toHaveLength(12);
    expect(meters[0]).toEqual({
      eventName: 'tollkeeper_tokens_input_claude_opus_4_8',
      displayName: 'claude-opus-4-8: input tokens',
      unit: 'token',
      tokenClass: 'input',
      model: 'claude-opus-4-8',
    });
  });

  it('never share a name, whatever models are called', () => {
    const plan = planSchema.parse({ kind: 'tokens-by-model', eventPrefix: 'x'.repeat(40) });
    fc.assert(
      fc.property(fc.uniqueArray(model, { maxLength: 20 }), (models) => {
        const meters = [...metersOf(plan, models), ...metersOf({ ...plan, kind: 'tokens' }, [])];
        const names = new Set(meters.map(({ eventName }) => eventName));
        expect(names.size).toBe((models.length + 1) * meteredClasses.length);
        for (const { eventName, displayName } of meters) {
          expect(eventName.length).toBeLessThanOrEqual(100);
          expect(displayName.length).toBeLessThanOrEqual(250);
        }
      }),
    );
  });

  it('keep apart models that differ in a sign or a letter’s case only', () => {
    const names = ['a-b', 'a_b', 'a.b', 'A-b', 'a--b', '-a-b'].map(
      (name) => tokenMeter({ eventPrefix: 'tk' }, 'input', name).eventName,
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toBe('tk_input_a_b');
  });
});

describe('a plan in the settings', () => {
  it('may stand as it always did', () => {
    expect(planSchema.parse({ kind: 'cost', markupPercent: 20, eventName: 'm' })).toMatchObject({
      kind: 'cost',
      markupPercent: 20,
      eventName: 'm',
      customerMarkupPercent: {},
    });
    expect(planSchema.parse(undefined).kind).toBe('cost');
  });

  it('refuses a markup finer than a hundredth of a percent, a customer that is none, and a meter of two units', () => {
    const isUsable = (plan: object) => planSchema.safeParse({ kind: 'cost', ...plan }).success;
    expect(isUsable({ markupPercent: 12.25, customerMarkupPercent: { cus_a: 7.07 } })).toBe(true);
    expect(isUsable({ markupPercent: 12.255 })).toBe(false);
    expect(isUsable({ customerMarkupPercent: { webshop: 7 } })).toBe(false);
    expect(isUsable({ eventName: 'tollkeeper_tokens_input' })).toBe(false);
    expect(isUsable({ eventPrefix: 'With Spaces' })).toBe(false);
  });
});
