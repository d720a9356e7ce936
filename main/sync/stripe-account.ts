/**
 * Asks Stripe whose account a key is of: one read. A restricted key that may not read its account is refused with a sentence that names the account all
 * the same, which is as good an answer. Sends nothing.
 */
import { answerOf } from './stripe.ts';
import type { StripeClient } from './stripe-client.ts';

export type AccountAnswer =
  | { readonly kind: 'account'; readonly accountId: string }
  /** Stripe says no, and asking again without a change in Stripe would not help. */
  | { readonly kind: 'refused'; readonly sentence: string; readonly remedy: string }
  | { readonly kind: 'not_connected'; readonly reason: string }
  /** It may say something else in a moment. */
  | { readonly kind: 'not_now'; readonly reason: string; readonly retryAfterMs: number | null };

export async function askAccount(client: StripeClient): Promise<AccountAnswer> {
  try {
    const { id } = await client.accounts.retrieveCurrent();
    return { kind: 'account', accountId: id };
  } catch (error) {
    const answer = answerOf(error);
    switch (answer.kind) {
      case 'not_authorized':
        return refusedKey(answer.reason);
      case 'not_connected':
      case 'no_answer':
        return answer.kind === 'not_connected'
          ? answer
          : { kind: 'not_now', reason: answer.reason, retryAfterMs: null };
      case 'rate_limited':
      case 'busy':
        return { ...answer, kind: 'not_now' };
      default:
        return { kind: 'not_now', reason: 'reason' in answer ? answer.reason : answer.kind, retryAfterMs: null };
    }
  }
}

/** "…required permissions for this endpoint on account 'acct_1AbC'. Having the 'rak_accounts_kyc_basic_read' permission would allow…" */
const namedAccount = /\baccount\W{1,3}(acct_\w+)/;

function refusedKey(reason: string): AccountAnswer {
  const accountId = namedAccount.exec(reason)?.[1];
  if (accountId !== undefined) return { kind: 'account', accountId };
  return /permission/i.test(reason)
    ? {
        kind: 'refused',
        sentence: 'Stripe does not tell whose account this key is of, so nothing is sent; everything waits.',
        remedy: 'Give the restricted key read access to “Connected accounts” (connected_account_read).',
      }
    : {
        kind: 'refused',
        sentence: `Stripe refuses the key: ${reason} Nothing is sent; everything waits.`,
        remedy: 'Give Tollkeeper a key that is in force (docs/stripe.md says what it must be allowed).',
      };
}
