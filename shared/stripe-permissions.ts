/**
 * What a restricted Stripe key must be allowed, row by row as the key's screen in the Stripe Dashboard names it, and what for. Pure.
 * Source: docs.stripe.com/keys/permissions-reference; prices are called `plan` there. Stripe's refusals name a permission as `rak_plan_write`.
 */

export type StripePermission = {
  /** As Stripe's refusals and its link name it, without `rak_`. Write includes read. */
  readonly name: string;
  /** As the Dashboard's row and column name it. */
  readonly row: string;
  readonly access: 'Read' | 'Write';
  readonly purpose: string;
  /** Nothing can be billed without it; the others serve what their purpose says. */
  readonly isNeeded: boolean;
};

export const stripePermissions: readonly StripePermission[] = [
  {
    name: 'billing_meter_event_write',
    row: 'Meter events',
    access: 'Write',
    purpose: 'send meter events, and read the sums of a meter to confirm them',
    isNeeded: true,
  },
  {
    name: 'billing_meter_write',
    row: 'Meters',
    access: 'Write',
    purpose: 'find and make the meters (Read is enough once they are there)',
    isNeeded: true,
  },
  {
    name: 'event_read',
    row: 'Events',
    access: 'Read',
    purpose: 'see which meter events Stripe took and does not count',
    isNeeded: true,
  },
  {
    name: 'connected_account_read',
    row: 'Connected accounts',
    access: 'Read',
    purpose: 'see whose account the key is of; Stripe’s refusal tells it as well',
    isNeeded: false,
  },
  {
    name: 'product_write',
    row: 'Products',
    access: 'Write',
    purpose: 'set-up: find and make the product',
    isNeeded: false,
  },
  { name: 'plan_write', row: 'Prices', access: 'Write', purpose: 'set-up: find and make the prices', isNeeded: false },
  {
    name: 'customer_write',
    row: 'Customers',
    access: 'Write',
    purpose: 'pick customers from the account’s list and make new ones (Read is enough for picking)',
    isNeeded: false,
  },
  {
    name: 'billing_meter_event_adjustment_write',
    row: 'Meter event adjustments',
    access: 'Write',
    purpose: 'take back what was corrected within 24 hours after it was sent, so that it is sent anew',
    isNeeded: false,
  },
  {
    name: 'subscription_read',
    row: 'Subscriptions',
    access: 'Read',
    purpose: 'see which period of a customer’s subscription a minute is in',
    isNeeded: false,
  },
  {
    name: 'invoice_write',
    row: 'Invoices',
    access: 'Write',
    purpose:
      'see when a period’s invoice is final, and make invoice items for what came too late (Read is enough for seeing)',
    isNeeded: false,
  },
];

/** A refusal may name a permission that is in no row of ours. */
export function permissionInWords(name: string): string {
  const plain = name.replace(/^rak_/, '');
  const known = stripePermissions.find((permission) => permission.name === plain);
  if (known) return `${known.row}: ${known.access}`;
  const row = stripePermissions.find((permission) => resourceOf(permission.name) === resourceOf(plain))?.row;
  const access = plain.endsWith('_write') ? 'Write' : 'Read';
  if (plain.startsWith('accounts_kyc_basic')) return 'Connected accounts: Read';
  return row === undefined ? `rak_${plain}` : `${row}: ${access}`;
}

function resourceOf(name: string): string {
  return name.replace(/_(?:read|write)$/, '');
}

/** "…Having the 'rak_plan_write' permission would allow this request to continue." Null where the sentence names none. */
export function permissionNamedBy(sentence: string): string | null {
  return /\brak_\w+/.exec(sentence)?.[0] ?? null;
}

/** The Dashboard's form for a new restricted key, filled in. */
export function newKeyLink(mode: 'test' | 'live'): string {
  const query = stripePermissions.map(({ name }) => `permissions[]=rak_${name}`).join('&');
  return `https://dashboard.stripe.com/${mode === 'test' ? 'test/' : ''}apikeys/create?name=Tollkeeper&${query}`;
}
