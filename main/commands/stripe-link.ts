/**
 * The billing room for a command: the running engine's, spoken to over its API, or one of its own on the home folder where none runs. The commands know no
 * difference. Whoever opens it closes it.
 */
import type { z } from 'zod';

import {
  customersViewSchema,
  mappingViewSchema,
  releaseAnswerSchema,
  stripeCustomerRowSchema,
} from '../../shared/contract/stripe-customers.ts';
import { setupResultSchema, setupViewSchema, stripeAccountViewSchema } from '../../shared/contract/stripe-setup.ts';
import { createDayOf, monthOfDay } from '../../shared/period.ts';
import { startBilling, type Billing } from '../billing/start.ts';
import { connectionsOf } from '../settings/connections.ts';
import { saveMapping } from '../settings/customers-in-file.ts';
import { proxiesOf, secretsOf, settingsOf } from '../settings/environment.ts';
import { openSettings } from '../settings/store.ts';
import { startSync } from '../sync/start.ts';
import { silentLog } from '../system/log.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import type { Host } from './host.ts';
import { openLedgerAlone } from './ledger-alone.ts';

/** @throws what `use` throws; AppErrors of a ledger or settings that cannot be used. */
export async function withBilling<T>(home: string, host: Host, use: (billing: Billing) => Promise<T>): Promise<T> {
  const engine = connectEngine(home);
  return engine ? use(billingOverApi(engine.ask)) : withBillingAlone(home, host, use);
}

function billingOverApi(ask: EngineClient['ask']): Billing {
  const asked = async <Schema extends z.ZodType>(schema: Schema, ...request: Parameters<typeof ask>) =>
    schema.parse(await ask(...request));
  return {
    account: () => asked(stripeAccountViewSchema, 'GET', '/api/stripe/account'),
    giveUpAccount: () => asked(stripeAccountViewSchema, 'POST', '/api/stripe/account/give-up'),
    setup: () => asked(setupViewSchema, 'GET', '/api/stripe/setup'),
    applySetup: (revision) => asked(setupResultSchema, 'POST', '/api/stripe/setup', { revision }),
    customers: (search) =>
      asked(customersViewSchema, 'GET', `/api/stripe/customers?search=${encodeURIComponent(search)}`),
    createCustomer: (wish) => asked(stripeCustomerRowSchema, 'POST', '/api/stripe/customers', wish),
    view: () => asked(mappingViewSchema, 'GET', '/api/stripe/mapping'),
    map: (request) => asked(mappingViewSchema, 'PUT', '/api/stripe/mapping', request),
    release: (request) => asked(releaseAnswerSchema, 'POST', '/api/stripe/release', request),
  };
}

async function withBillingAlone<T>(home: string, host: Host, use: (billing: Billing) => Promise<T>): Promise<T> {
  const { ledger, settings, timeZone, book } = await openLedgerAlone(home, host, 'stripe');
  const { clock, ids, env } = host;
  const store = openSettings(home, settingsOf(env));
  let inForce = settings;
  const dayOf = createDayOf(timeZone);
  const connection = connectionsOf(home, settings, proxiesOf(env)).stripe;
  const parts = { ledger, clock, ids, isDemo: false, timeZone };
  const sync = await startSync({
    ...parts,
    settings,
    connection,
    secrets: secretsOf(env),
    log: silentLog,
    monthOf: (atMs) => monthOfDay(dayOf(atMs)),
  });
  // What there is to know of the key is known before anything asks for it.
  await sync.stripe();
  try {
    return await use(
      startBilling({
        ...parts,
        ...sync,
        inForce: () => inForce,
        book: () => book,
        trouble: () => null,
        save: (request) => {
          inForce = saveMapping(store, request).settings;
        },
        onChanges: () => {},
      }),
    );
  } finally {
    await sync.close();
    await ledger.close();
  }
}
