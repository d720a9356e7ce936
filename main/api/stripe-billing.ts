/**
 * `GET /api/stripe/account`: whose account this ledger is billed to and what the key must be allowed; `POST …/account/give-up`: to be bound anew, while nothing was
 * sent. `GET /api/stripe/setup`: what a set-up would do; `POST` {revision}: does it. `GET /api/stripe/customers?search=`, `POST` {name, email}: the account's
 * customers; a new one. `GET /api/stripe/mapping`: who is billed for whom, and the calls of nobody; `PUT` {kind, name, customer}: in force for the next call.
 * `POST /api/stripe/release` {which, customer, withOlder, isTrial}: bills calls that waited for a customer.
 */
import { Hono } from 'hono';

import {
  createCustomerSchema,
  customersQuerySchema,
  mapRequestSchema,
  releaseRequestSchema,
} from '../../shared/contract/stripe-customers.ts';
import { applySetupSchema } from '../../shared/contract/stripe-setup.ts';
import type { ApiParts } from './parts.ts';
import { readJson, readQuery } from './query.ts';

export function stripeBillingRoutes({ billing }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/stripe/account', async (context) => context.json(await billing.account()));
  routes.post('/stripe/account/give-up', async (context) => context.json(await billing.giveUpAccount()));
  routes.get('/stripe/setup', async (context) => context.json(await billing.setup()));
  routes.post('/stripe/setup', async (context) => {
    const { revision } = await readJson(context, applySetupSchema);
    return context.json(await billing.applySetup(revision));
  });
  routes.get('/stripe/customers', async (context) => {
    const { search } = readQuery(context, customersQuerySchema);
    return context.json(await billing.customers(search));
  });
  routes.post('/stripe/customers', async (context) =>
    context.json(await billing.createCustomer(await readJson(context, createCustomerSchema))),
  );
  routes.get('/stripe/mapping', async (context) => context.json(await billing.view()));
  routes.put('/stripe/mapping', async (context) =>
    context.json(await billing.map(await readJson(context, mapRequestSchema))),
  );
  routes.post('/stripe/release', async (context) =>
    context.json(await billing.release(await readJson(context, releaseRequestSchema))),
  );
  return routes;
}
