/** What can be which of the team's keys: a key in the wrong place is told before it is kept, and never quoted. */
import { describe, expect, it } from 'vitest';

import { secretNames, secretProblem } from '../../../shared/contract/secrets.ts';

describe('a key', () => {
  it.each([
    ['anthropicApiKey', 'sk-ant-api03-abcdefgh'],
    ['anthropicApiKey', 'gateway-key-of-our-own'],
    ['anthropicAdminKey', 'sk-ant-admin01-abcdefgh'],
    ['stripeApiKey', 'sk_test_abcdefgh'],
    ['stripeApiKey', 'rk_live_abcdefgh'],
  ] as const)('can be the %s: %s', (name, value) => {
    expect(secretProblem(name, value)).toBeNull();
  });

  it.each([
    ['anthropicApiKey', 'sk-ant-admin01-abcdefgh', 'This is an admin key of Anthropic.'],
    ['anthropicApiKey', 'sk_live_abcdefgh', 'This is a key of Stripe.'],
    ['anthropicApiKey', 'tk_abcdefgh', 'This is a member key of Tollkeeper.'],
    ['anthropicApiKey', 'sk-ant two words', 'This is no key: a key is one word of letters, digits and signs.'],
    ['anthropicApiKey', 'short', 'This is no key: a key is one word of letters, digits and signs.'],
    ['anthropicApiKey', 'x'.repeat(501), 'This is no key: a key is one word of letters, digits and signs.'],
    ['anthropicApiKey', 'sk-ant-\nheader: injected', 'This is no key: a key is one word of letters, digits and signs.'],
    ['stripeApiKey', 'pk_live_abcdefgh', 'This is a publishable key of Stripe, which may not write.'],
    ['stripeApiKey', 'sk-ant-api03-abcdefgh', 'This is an API key of Anthropic.'],
    ['stripeApiKey', 'something-else', 'This is no secret key of Stripe.'],
    ['anthropicAdminKey', 'sk-ant-api03-abcdefgh', 'This is an API key of Anthropic.'],
    ['anthropicAdminKey', 'something-else', 'This is no admin key of Anthropic.'],
  ] as const)('cannot be the %s: %s', (name, value, message) => {
    const problem = secretProblem(name, value);
    expect(problem?.message).toBe(message);
    expect(problem?.remedy).toMatch(/^[A-Z].+\.$/);
    expect(JSON.stringify(problem)).not.toContain(value);
  });

  it('has a name, a variable and words each', () => {
    expect(secretNames).toHaveLength(3);
  });
});
