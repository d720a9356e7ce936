/**
 * The dashboard's one way to the engine: same-origin requests, every answer checked against the contract.
 * Throws ApiFailure with a sentence and a remedy that a person can read; the token is never seen here (cookie or shell).
 */
import { z } from 'zod';

import {
  callDetailSchema,
  callFacetsSchema,
  callsPageSchema,
  callsTotalSchema,
  meterEventDetailSchema,
  monthViewSchema,
  pendingBatchesSchema,
  rerateAnswerSchema,
  statusSchema,
  stripeViewSchema,
  syncResultSchema,
} from '../../shared/contract/api.ts';
import { apiErrorSchema, type ApiError } from '../../shared/contract/api-error.ts';
import type { ErrorCode, FieldProblem } from '../../shared/contract/errors.ts';
import { limitsSettingsViewSchema, type LimitsInFile } from '../../shared/contract/limits-settings.ts';
import { itemOutcomeSchema } from '../../shared/contract/invoice-items.ts';
import { letOnAnswerSchema, limitsViewSchema } from '../../shared/contract/limits-view.ts';
import {
  bookInForceSchema,
  priceCheckSchema,
  pricedByViewSchema,
  pricesViewSchema,
} from '../../shared/contract/prices.ts';
import {
  billedCustomersSchema,
  customerMonthReadSchema,
  customerMonthSchema,
} from '../../shared/contract/stripe-month.ts';
import { planViewSchema } from '../../shared/contract/plan-view.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import { assignAnswerSchema, type AssignRequest } from '../../shared/contract/assign.ts';
import { madeKeySchema, memberKeyRowSchema, memberKeysViewSchema, type CreateKey } from '../../shared/contract/keys.ts';
import {
  customersViewSchema,
  mappingViewSchema,
  releaseAnswerSchema,
  stripeCustomerRowSchema,
  type CreateCustomer,
  type MapRequest,
  type ReleaseRequest,
} from '../../shared/contract/stripe-customers.ts';
import { setupResultSchema, setupViewSchema, stripeAccountViewSchema } from '../../shared/contract/stripe-setup.ts';
import { secretsViewSchema, type SecretName } from '../../shared/contract/secrets.ts';
import { unpricedViewSchema } from '../../shared/contract/unpriced.ts';

export class ApiFailure extends Error {
  /** 0 when the engine did not answer at all. */
  readonly status: number;
  readonly remedy: string;
  /** Null where the answer did not come from Tollkeeper. */
  readonly code: ErrorCode | null;
  /** What is wrong field by field, where it is a form that was sent. */
  readonly fields: readonly FieldProblem[];

  constructor(status: number, message: string, remedy: string, told?: ApiError['error']) {
    super(message);
    this.status = status;
    this.remedy = remedy;
    this.code = told?.code ?? null;
    this.fields = told?.fields ?? [];
  }
}

async function ask<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  init: RequestInit = {},
): Promise<z.infer<Schema>> {
  const response = await fetch(path, { ...init, headers: { accept: 'application/json' } }).catch(() => {
    throw new ApiFailure(0, 'Tollkeeper does not answer.', 'Start it again; what is shown here is from before.');
  });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const told = apiErrorSchema.safeParse(body);
    if (told.success)
      throw new ApiFailure(response.status, told.data.error.message, told.data.error.remedy, told.data.error);
    throw new ApiFailure(response.status, `Tollkeeper answered ${response.status}.`, 'See its log in the home folder.');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ApiFailure(
    response.status,
    'This page and the running engine are of different versions.',
    'Reload the page.',
  );
}

const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const eventPath = (id: string) => `/api/stripe/events/${encodeURIComponent(id)}`;
const keyPath = (id: string, action: string) => `/api/keys/${encodeURIComponent(id)}/${action}`;

function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const stated = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(stated).toString();
}

export const callFilterNames = [
  'member',
  'project',
  'model',
  'status',
  'from',
  'to',
  'conversation',
  'client',
  'user',
  'book',
  'reason',
] as const;
export type CallFilters = Readonly<Partial<Record<(typeof callFilterNames)[number], string>>>;

/** Days inclusive; empty for the beginning, and for today. */
export type RerateRange = { readonly from: string | null; readonly to: string | null };

/** Null is for good. */
export type AllowRequest = { readonly conversation: string; readonly forMs: number | null };

export const api = {
  status: () => ask('/api/status', statusSchema),
  month: (month: string | undefined, by: string) => ask(`/api/month?${queryOf({ month, by })}`, monthViewSchema),
  calls: (filters: CallFilters, cursor: string | undefined) =>
    // Whoever goes on reading gets as many at once as may be asked for.
    ask(
      `/api/calls?${queryOf({ ...filters, cursor, limit: cursor === undefined ? undefined : '200' })}`,
      callsPageSchema,
    ),
  callsTotal: (filters: CallFilters) => ask(`/api/calls/total?${queryOf(filters)}`, callsTotalSchema),
  unpriced: (month: string | undefined) => ask(`/api/unpriced?${queryOf({ month })}`, unpricedViewSchema),
  batches: () => ask('/api/batches', pendingBatchesSchema),
  facets: () => ask('/api/calls/facets', callFacetsSchema),
  call: (id: string) => ask(`/api/calls/${encodeURIComponent(id)}`, callDetailSchema),
  stripe: () => ask('/api/stripe', stripeViewSchema),
  meterEvent: (id: string) => ask(eventPath(id), meterEventDetailSchema),
  retryEvent: (id: string) => ask(`${eventPath(id)}/retry`, syncResultSchema, { method: 'POST' }),
  setAsideEvent: (id: string) => ask(`${eventPath(id)}/set-aside`, stripeViewSchema, { method: 'POST' }),
  carryForward: ({ customer, nanoUsd }: { readonly customer: string; readonly nanoUsd: number }) =>
    ask(`/api/stripe/carry-forwards/${encodeURIComponent(customer)}`, stripeViewSchema, post({ nanoUsd })),
  plan: () => ask('/api/stripe/plan', planViewSchema),
  changePlan: (change: { readonly revision: string | null; readonly plan: Plan }) =>
    ask('/api/stripe/plan', planViewSchema, { ...post(change), method: 'PUT' }),
  online: () => ask('/api/stripe/online', z.object({}), { method: 'POST' }),
  createItem: ({ customer, nanoUsd }: { readonly customer: string; readonly nanoUsd: number }) =>
    ask(`/api/stripe/carry-forwards/${encodeURIComponent(customer)}/item`, itemOutcomeSchema, post({ nanoUsd })),
  billedCustomers: () => ask('/api/stripe/months', billedCustomersSchema),
  customerMonth: (customer: string, month: string) =>
    ask(`/api/stripe/months/${encodeURIComponent(customer)}?month=${month}`, customerMonthSchema),
  readMonth: (customer: string, month: string) =>
    ask(`/api/stripe/months/${encodeURIComponent(customer)}/read`, customerMonthReadSchema, post({ month })),
  syncNow: () => ask('/api/stripe/sync', syncResultSchema, { method: 'POST' }),
  stripeAccount: () => ask('/api/stripe/account', stripeAccountViewSchema),
  stripeSetup: () => ask('/api/stripe/setup', setupViewSchema),
  applySetup: (revision: string) => ask('/api/stripe/setup', setupResultSchema, post({ revision })),
  stripeCustomers: (search: string) => ask(`/api/stripe/customers?${queryOf({ search })}`, customersViewSchema),
  createCustomer: (wish: CreateCustomer) => ask('/api/stripe/customers', stripeCustomerRowSchema, post(wish)),
  mapping: () => ask('/api/stripe/mapping', mappingViewSchema),
  map: (request: MapRequest) =>
    ask('/api/stripe/mapping', mappingViewSchema, { method: 'PUT', body: JSON.stringify(request) }),
  release: (request: ReleaseRequest) => ask('/api/stripe/release', releaseAnswerSchema, post(request)),
  limits: () => ask('/api/limits', limitsViewSchema),
  limitsSettings: () => ask('/api/limits/settings', limitsSettingsViewSchema),
  changeLimits: (settings: LimitsInFile, revision: string) =>
    ask('/api/limits/settings', limitsSettingsViewSchema, {
      method: 'PUT',
      body: JSON.stringify({ settings, revision }),
    }),
  allow: ({ conversation, forMs }: AllowRequest) =>
    ask(`/api/conversations/${encodeURIComponent(conversation)}/allow`, letOnAnswerSchema, {
      method: 'POST',
      body: JSON.stringify({ forMs }),
    }),
  revoke: (conversation: string) =>
    ask(`/api/conversations/${encodeURIComponent(conversation)}/revoke`, letOnAnswerSchema, { method: 'POST' }),
  prices: () => ask('/api/prices', pricesViewSchema),
  pricedBy: () => ask('/api/prices/by-book', pricedByViewSchema),
  checkPrices: (text: string) => ask('/api/prices/check', priceCheckSchema, { method: 'POST', body: text }),
  applyPrices: (text: string) => ask('/api/prices/file', priceCheckSchema, { method: 'POST', body: text }),
  resetPrices: () => ask('/api/prices/reset', bookInForceSchema, { method: 'POST' }),
  keys: () => ask('/api/keys', memberKeysViewSchema),
  secrets: () => ask('/api/secrets', secretsViewSchema),
  setSecret: (name: SecretName, value: string) =>
    ask(`/api/secrets/${name}`, secretsViewSchema, { method: 'PUT', body: JSON.stringify({ value }) }),
  removeSecret: (name: SecretName) => ask(`/api/secrets/${name}`, secretsViewSchema, { method: 'DELETE' }),
  createKey: (question: CreateKey) => ask('/api/keys', madeKeySchema, post(question)),
  renameKey: (id: string, name: string) => ask(keyPath(id, 'name'), memberKeyRowSchema, post({ name })),
  rotateKey: (id: string, isNow: boolean) => ask(keyPath(id, 'rotate'), madeKeySchema, post({ isNow })),
  revokeKey: (id: string) => ask(keyPath(id, 'revoke'), memberKeyRowSchema, post({})),
  assign: (request: AssignRequest) => ask('/api/assign', assignAnswerSchema, post(request)),
  rerate: (range: RerateRange, isTrial: boolean) =>
    ask('/api/prices/rerate', rerateAnswerSchema, { method: 'POST', body: JSON.stringify({ ...range, isTrial }) }),
};
