/** What `doctor` says of the Stripe key: which mode and account it is of, whether the ledger is billed to that, and what a restricted key must be allowed. Pure. */
import type { StripeAccountView } from '../../shared/contract/stripe-setup.ts';
import { modeOfBinding, modeOfKey, troubleOfKey, type StripeAccountBinding } from '../../shared/stripe-binding.ts';
import { stripePermissions } from '../../shared/stripe-permissions.ts';
import { fine, finding, type Diagnosis } from './diagnosis.ts';

/** `bound`: null for a ledger that is billed to no account yet, and where there is none. */
export function stripeKey(key: string | null, bound: StripeAccountBinding | null): Diagnosis {
  if (key === null)
    return finding(
      'stripe',
      'No key in STRIPE_API_KEY: meter events are kept and not sent, unless the desktop app holds one and runs.',
      `Set it, or enter it in the desktop app. ${neededInWords()}`,
    );
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

/** What the running engine knows of the key that it uses, wherever it has that from: it has asked Stripe. */
export function stripeKeyInUse({ key: { isOpen, sentence, remedy } }: StripeAccountView): Diagnosis {
  return isOpen ? fine('stripe', sentence) : finding('stripe', sentence, `${remedy ?? ''} ${neededInWords()}`.trim());
}

function neededInWords(): string {
  const rows = stripePermissions
    .flatMap(({ row, everyDay }) => (everyDay === null ? [] : [`${row}: ${everyDay}`]))
    .join(', ');
  return `A restricted key needs ${rows}; \`tollkeeper stripe account\` names what set-up and customers need besides.`;
}
