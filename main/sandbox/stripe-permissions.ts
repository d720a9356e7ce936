/**
 * What a restricted key of the simulated Stripe may do. Names and words as Stripe has them (docs.stripe.com/keys/permissions-reference): the refusal names the
 * account and the permission that would do.
 */
import { v1Error, v2Error, type StripeReply } from './stripe-answers.ts';

type Permission = { readonly path: RegExp; readonly name: string };

/** The first that fits; `_read` or `_write` follows from the method. */
const permissions: readonly Permission[] = [
  { path: /^\/v1\/billing\/meters\/[^/]+\/event_summaries$/, name: 'billing_meter_event' },
  { path: /^\/v1\/billing\/meters(?:\/|$)/, name: 'billing_meter' },
  { path: /^\/v[12]\/billing\/meter_event_adjustments$/, name: 'billing_meter_event_adjustment' },
  { path: /^\/v[12]\/billing\/meter_event/, name: 'billing_meter_event' },
  { path: /^\/v1\/products(?:\/|$)/, name: 'product' },
  { path: /^\/v1\/prices(?:\/|$)/, name: 'plan' },
  { path: /^\/v1\/customers(?:\/|$)/, name: 'customer' },
  { path: /^\/v1\/(?:invoices|invoiceitems)(?:\/|$)/, name: 'invoice' },
  { path: /^\/v1\/subscriptions(?:\/|$)/, name: 'subscription' },
  { path: /^\/v2\/core\/events/, name: 'event' },
  // What the refusal names differs from the row of the key's screen, which is `connected_account`.
  { path: /^\/v1\/account$/, name: 'accounts_kyc_basic' },
];

const alsoBy: Readonly<Record<string, string>> = { accounts_kyc_basic_read: 'connected_account_read' };

export type PermissionQuestion = {
  readonly method: string;
  readonly path: string;
  readonly bearer: string;
  readonly accountId: string;
  /** Null: everything. */
  readonly restrictedTo: readonly string[] | null;
};

/** Null where the key may. Write includes read. */
export function refuseByPermission(question: PermissionQuestion): StripeReply | null {
  const { method, path, bearer, accountId, restrictedTo } = question;
  if (restrictedTo === null || !bearer.startsWith('rk_')) return null;
  const resource = permissions.find((known) => known.path.test(path))?.name;
  if (resource === undefined) return null;
  const needed = `${resource}_${method === 'GET' ? 'read' : 'write'}`;
  const ways = [needed, `${resource}_write`, alsoBy[needed]];
  if (restrictedTo.some((granted) => ways.includes(granted))) return null;
  const shown = `${bearer.slice(0, 8)}${'*'.repeat(12)}${bearer.slice(-4)}`;
  const message = `The provided key '${shown}' does not have the required permissions for this endpoint on account '${accountId}'. Having the 'rak_${needed}' permission would allow this request to continue.`;
  return path.startsWith('/v2/') ? v2Error(403, 'forbidden', message) : v1Error(403, { message });
}
