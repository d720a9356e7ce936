/**
 * Asks Stripe to cancel one meter event (v1 adjustment) and says what came back, as data. Promises: one request, under a key that stays the same for as long
 * as Stripe has not answered with a failure, so that a second attempt gets the first one's answer. Source: facts/stripe.md sections 1 and 3.
 */
import { Stripe } from 'stripe';

import { refusedKeyInWords } from '../../shared/stripe-permissions.ts';
import type { DueCancellation } from '../ledger/take-cancellations.ts';
import type { CancelAnswer } from './decide-cancellation.ts';
import { answerOf } from './stripe.ts';

export type StripeCancel = { readonly cancel: (event: DueCancellation) => Promise<CancelAnswer> };

export function createStripeCancel(client: Stripe): StripeCancel {
  return {
    cancel: async ({ identifier, meter, keyNumber }) => {
      try {
        await client.billing.meterEventAdjustments.create(
          { event_name: meter, type: 'cancel', cancel: { identifier } },
          { idempotencyKey: `cancel:${identifier}~${keyNumber}` },
        );
        // `pending` or `complete`: Stripe has taken it on, and its summaries follow.
        return { kind: 'cancelled' };
      } catch (error) {
        return cancelAnswerOf(error);
      }
    },
  };
}

function cancelAnswerOf(error: unknown): CancelAnswer {
  // Under a key of ours with other parameters: nothing was done by this attempt, and an earlier one did something else.
  if (error instanceof Stripe.errors.StripeIdempotencyError)
    return { kind: 'no_answer', reason: error.message, isKeySpent: true };
  const answer = answerOf(error);
  switch (answer.kind) {
    case 'not_authorized':
      return { kind: 'not_done', reason: refusedKeyInWords(answer.reason), retryAfterMs: null };
    case 'not_connected':
    case 'not_sent':
      return { kind: 'not_done', reason: answer.reason, retryAfterMs: null };
    case 'rate_limited':
      return { kind: 'not_done', reason: answer.reason, retryAfterMs: answer.retryAfterMs };
    case 'refused':
      return { kind: 'refused', reason: answer.reason };
    case 'busy':
      return { kind: 'no_answer', reason: answer.reason, isKeySpent: false };
    case 'no_answer':
      return {
        kind: 'no_answer',
        reason: answer.reason,
        isKeySpent: !(error instanceof Stripe.errors.StripeConnectionError),
      };
    case 'accepted':
    case 'duplicate':
      return { kind: 'refused', reason: 'Stripe answered about another event.' };
  }
}
