/** A permission is named as the Dashboard names it, however Stripe’s refusal names it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  newKeyLink,
  permissionInWords,
  permissionNamedBy,
  stripePermissions,
} from '../../../shared/stripe-permissions.ts';

describe('a permission that a restricted key lacks', () => {
  it('is found in Stripe’s refusal', () => {
    const refusal =
      "The provided key 'rk_test_***1234' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_plan_write' permission would allow this request to continue.";
    expect(permissionNamedBy(refusal)).toBe('rak_plan_write');
    expect(permissionNamedBy('Invalid API Key provided.')).toBe(null);
  });

  it.each([
    ['rak_plan_write', 'Prices: Write'],
    ['rak_plan_read', 'Prices: Read'],
    ['rak_billing_meter_read', 'Meters: Read'],
    ['rak_billing_meter_event_write', 'Meter events: Write'],
    ['rak_accounts_kyc_basic_read', 'Connected accounts: Read'],
    ['rak_quote_read', 'rak_quote_read'],
  ])('%s is said as “%s”', (name, words) => {
    expect(permissionInWords(name)).toBe(words);
  });

  it('stands in the link to Stripe’s form, of the right mode', () => {
    for (const { name } of stripePermissions) expect(newKeyLink('live')).toContain(`permissions[]=rak_${name}`);
    expect(newKeyLink('live')).toMatch(/^https:\/\/dashboard\.stripe\.com\/apikeys\/create\?/);
    expect(newKeyLink('test')).toMatch(/^https:\/\/dashboard\.stripe\.com\/test\/apikeys\/create\?/);
  });

  it('stands in docs/stripe.md as it is told here', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/stripe.md'), 'utf8');
    for (const { row, access, purpose, everyDay } of stripePermissions)
      expect(text).toContain(`| ${row} | ${access} | ${everyDay ?? '–'} | ${purpose} |`);
  });
});
