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
  /** What a key needs of it to bill right, day by day; null: it serves only what its purpose says. */
  readonly everyDay: 'Read' | 'Write' | null;
};

export const stripePermissions: readonly StripePermission[] = [
  {
    name: 'billing_meter_event_write',
    row: 'Meter events',
    access: 'Write',
    purpose: 'send meter events, and read the sums of a meter to confirm them',
    everyDay: 'Write',
  },
  {
    name: 'billing_meter_write',
    row: 'Meters',
    access: 'Write',
    purpose: 'find and make the meters',
    everyDay: 'Read',
  },
  {
    name: 'event_read',
    row: 'Events',
    access: 'Read',
    purpose: 'see which meter events Stripe took and does not count',
    everyDay: 'Read',
  },
  {
    name: 'connected_account_read',
    row: 'Connected accounts',
    access: 'Read',
    purpose: 'see whose account the key is of; Stripe’s refusal tells it as well',
    everyDay: null,
  },
  {
    name: 'product_write',
    row: 'Products',
    access: 'Write',
    purpose: 'set-up: find and make the product',
    everyDay: null,
  },
  { name: 'plan_write', row: 'Prices', access: 'Write', purpose: 'set-up: find and make the prices', everyDay: null },
  {
    name: 'customer_write',
    row: 'Customers',
    access: 'Write',
    purpose: 'map customers that are in the account’s list, and make new ones (Read is enough for mapping)',
    everyDay: null,
  },
  {
    name: 'billing_meter_event_adjustment_write',
    row: 'Meter event adjustments',
    access: 'Write',
    purpose: 'take back what was corrected within 24 hours after it was sent, so that it is sent anew',
    everyDay: null,
  },
  {
    name: 'subscription_read',
    row: 'Subscriptions',
    access: 'Read',
    purpose:
      'see which period of a customer’s subscription a minute is in; without it what comes late may stand on no invoice',
    everyDay: 'Read',
  },
  {
    name: 'invoice_write',
    row: 'Invoices',
    access: 'Write',
    purpose:
      'see when a period’s invoice is final; Write only to make invoice items for what came too late, which can be put on an invoice by hand',
    everyDay: 'Read',
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

/**
 * "…Having the 'rak_plan_write' permission would allow this request to continue." Of several that would do, the first that is in a row of ours. Null where
 * the sentence names none.
 */
export function permissionNamedBy(sentence: string): string | null {
  const names = sentence.match(/\brak_\w+/g) ?? [];
  return names.find((name) => !permissionInWords(name).startsWith('rak_')) ?? names[0] ?? null;
}

/** What Stripe's refusal of a key (401, 403) means, and what to do about it. */
export function refusedKeyInWords(reason: string): string {
  const name = permissionNamedBy(reason);
  return name === null
    ? `Stripe refuses the key: ${reason} Enter one that Stripe takes on the Keys screen of the desktop app, or as STRIPE_API_KEY.`
    : `The key lacks the permission “${permissionInWords(name)}” (${name}): give it to the key in Stripe under Developers → API keys.`;
}

/** The Dashboard's form for a new restricted key, filled in. */
export function newKeyLink(mode: 'test' | 'live'): string {
  const query = stripePermissions.map(({ name }) => `permissions[]=rak_${name}`).join('&');
  return `https://dashboard.stripe.com/${mode === 'test' ? 'test/' : ''}apikeys/create?name=Tollkeeper&${query}`;
}
