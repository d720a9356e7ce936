/** What went wrong between us and Stripe, as one sentence and what to do, with the permission that a restricted key lacks named as the Dashboard names it. */
import { Stripe } from 'stripe';

import { permissionInWords, permissionNamedBy } from '../../shared/stripe-permissions.ts';

export type StripeFailure = {
  readonly kind: 'forbidden' | 'not_reached' | 'no_answer' | 'missing' | 'refused' | 'no_budget';
  readonly sentence: string;
  readonly remedy: string;
};

/** The month's reads are used up for this purpose. */
export const noReadsLeft: StripeFailure = {
  kind: 'no_budget',
  sentence: 'The reads that Stripe allows in a month are used up.',
  remedy: 'Look in Stripe’s Dashboard meanwhile; sending goes on.',
};

const connectFailures = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ENETDOWN)$/;

/** @throws what is no failure of Stripe's. */
export function failureOf(error: unknown): StripeFailure {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error instanceof Stripe.errors.StripeConnectionError) {
    const detail: unknown = error.detail;
    const code = typeof detail === 'object' && detail !== null && 'code' in detail ? String(detail.code) : '';
    return connectFailures.test(code)
      ? {
          kind: 'not_reached',
          sentence: `Stripe cannot be reached (${code}).`,
          remedy: 'Try again when the network is back.',
        }
      : {
          kind: 'no_answer',
          sentence: 'Stripe did not answer.',
          remedy: 'Run it again: what was made meanwhile is found.',
        };
  }
  const { statusCode = 500, message } = error;
  if (statusCode === 401 || statusCode === 403) return forbidden(statusCode, message);
  if (statusCode === 404) return { kind: 'missing', sentence: message, remedy: 'Check the id.' };
  if (statusCode === 429 || statusCode === 409 || statusCode >= 500)
    return { kind: 'no_answer', sentence: `Stripe does not answer now: ${message}`, remedy: 'Try again in a moment.' };
  return {
    kind: 'refused',
    sentence: `Stripe refuses it: ${message}`,
    remedy: 'Run it again: what is there is found.',
  };
}

function forbidden(statusCode: number, message: string): StripeFailure {
  const name = statusCode === 403 ? permissionNamedBy(message) : null;
  if (name === null)
    return {
      kind: 'forbidden',
      sentence: `Stripe refuses the key: ${message}`,
      remedy: 'docs/stripe.md says what the key must be allowed.',
    };
  return {
    kind: 'forbidden',
    sentence: `The key lacks the permission “${permissionInWords(name)}” (${name}).`,
    remedy: 'Give it to the key in Stripe under Developers → API keys, and run this again.',
  };
}
