/** What `doctor` says of the Stripe key: which mode it is of, whether the ledger is billed to that mode, and what a restricted key must be allowed. Pure. */
import { modeOfBinding, modeOfKey, troubleOfKey, type StripeAccountBinding } from '../../shared/stripe-binding.ts';
import { stripePermissions } from '../../shared/stripe-permissions.ts';
import { fine, finding, type Diagnosis } from './diagnosis.ts';

/** `bound`: null for a ledger that is billed to no account yet, and where there is none. */
export function stripeKey(key: string | null, bound: StripeAccountBinding | null): Diagnosis {
  if (key === null)
    return finding('stripe', 'No key: meter events are kept and not sent.', `Set STRIPE_API_KEY. ${neededInWords()}`);
  const mode = modeOfKey(key);
  if (mode === null)
    return finding(
      'stripe',
      'The key in STRIPE_API_KEY is not a secret or restricted key.',
      'Use one that starts with sk_ or rk_.',
    );
  const trouble = troubleOfKey(key, bound);
  if (trouble !== null) return finding('stripe', trouble.sentence, trouble.remedy);
  const account =
    bound === null
      ? 'the ledger is billed to no account yet'
      : `the ledger is billed to the ${modeOfBinding(bound)} account ${bound.accountId}`;
  const needs = key.startsWith('rk_') ? ` ${neededInWords()}` : '';
  return fine('stripe', `A ${mode} key is set; ${account}.${needs}`);
}

function neededInWords(): string {
  const rows = stripePermissions
    .filter(({ isNeeded }) => isNeeded)
    .map(({ row, access }) => `${row}: ${access}`)
    .join(', ');
  return `A restricted key needs ${rows}; \`tollkeeper stripe account\` names what set-up and customers need besides.`;
}
