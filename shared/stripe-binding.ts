/**
 * Which Stripe account and mode a ledger is billed to, and whether a key may be used with it. Pure.
 *
 * What is certain: the mode, from the key itself (`sk_test_…`, `rk_live_…`), without asking anybody; the account, from Stripe's answer to "whose key is
 * this", and from its refusal, which names the account as well. A key whose account Stripe does not tell is not used.
 */

export type StripeAccountBinding = {
  readonly accountId: string;
  readonly isLive: boolean;
  readonly boundAtMs: number;
};

export type StripeMode = 'test' | 'live';

/** Null for what is no secret or restricted key of Stripe. */
export function modeOfKey(apiKey: string): StripeMode | null {
  const mode = /^[sr]k_(test|live)_/.exec(apiKey)?.[1];
  return mode === 'test' || mode === 'live' ? mode : null;
}

export function modeOfBinding({ isLive }: Pick<StripeAccountBinding, 'isLive'>): StripeMode {
  return isLive ? 'live' : 'test';
}

/** For everything that shows what goes to Stripe. */
export function boundInWords(bound: StripeAccountBinding | null, isDemo: boolean): string {
  if (bound === null) return 'Billed to no Stripe account yet: the ledger is bound to one at the first contact.';
  return `Billed to the ${isDemo ? 'simulated' : modeOfBinding(bound)} account ${bound.accountId}.`;
}

export type KeyTrouble = { readonly sentence: string; readonly remedy: string };

/** What the key alone says, before anything is sent; null where it may be asked about. */
export function troubleOfKey(apiKey: string, bound: StripeAccountBinding | null): KeyTrouble | null {
  const mode = modeOfKey(apiKey);
  if (mode === null)
    return {
      sentence: 'The Stripe key is no secret or restricted key, so nothing is sent.',
      remedy: 'Use one that starts with rk_ or sk_.',
    };
  if (bound === null || modeOfBinding(bound) === mode) return null;
  return {
    sentence: `This is a ${mode} key, and this ledger is billed to the ${modeOfBinding(bound)} account ${bound.accountId}. Nothing is sent; everything waits.`,
    remedy: otherKeyRemedy(bound),
  };
}

/** What Stripe's answer says; null where the key is of the account that the ledger is billed to. */
export function troubleOfAccount(accountId: string, bound: StripeAccountBinding): KeyTrouble | null {
  if (accountId === bound.accountId) return null;
  return {
    sentence: `This key is of the account ${accountId}, and this ledger is billed to the ${modeOfBinding(bound)} account ${bound.accountId}. Nothing is sent; everything waits.`,
    remedy: otherKeyRemedy(bound),
  };
}

function otherKeyRemedy(bound: StripeAccountBinding): string {
  return `Use a ${modeOfBinding(bound)} key of ${bound.accountId}, or start another home folder for the other account (docs/stripe.md says how to go from test to live).`;
}
