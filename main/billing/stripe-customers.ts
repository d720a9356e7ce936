/**
 * The account's customers: listed, searched, made, and looked up before anybody is billed to one. Each read is asked for with leave of the read budget.
 * Throws AppErrors that say what to do, in Stripe's own words where it has some.
 */
import { AppError } from '../../shared/contract/errors.ts';
import type { CreateCustomer, StripeCustomerRow } from '../../shared/contract/stripe-customers.ts';
import { failureOf, noReadsLeft, type StripeFailure } from './stripe-failure.ts';
import type { AllowRead, OpenedAccount, StripeClient } from './stripe-side.ts';

export type FoundCustomers = { readonly customers: readonly StripeCustomerRow[]; readonly hasMore: boolean };

const pageSize = 100;
/** Stripe's search finds parts of three characters or more. */
const searchLengthMin = 3;

/** The newest where nothing is looked for. An id finds that customer. */
export async function findCustomers(
  { client }: OpenedAccount,
  search: string,
  allow: AllowRead,
): Promise<FoundCustomers> {
  await leave(allow);
  try {
    if (/^cus_\w+$/.test(search)) return await byId(client, search);
    if (search.length >= searchLengthMin) return await byPart(client, search);
    const page = await client.customers.list({ limit: pageSize });
    const rows = page.data.map((customer) => rowOf(customer));
    // Shorter ones are looked for among the newest.
    const part = search.toLowerCase();
    const has = ({ name, email }: StripeCustomerRow) => `${name ?? ''} ${email ?? ''}`.toLowerCase().includes(part);
    return { customers: rows.filter(has), hasMore: page.has_more };
  } catch (error) {
    throw asAppError(failureOf(error));
  }
}

async function byId(client: StripeClient, id: string): Promise<FoundCustomers> {
  try {
    const customer = await client.customers.retrieve(id);
    return { customers: customer.deleted === true ? [] : [rowOf(customer)], hasMore: false };
  } catch (error) {
    if (failureOf(error).kind === 'missing') return { customers: [], hasMore: false };
    throw error;
  }
}

async function byPart(client: StripeClient, part: string): Promise<FoundCustomers> {
  const quoted = `"${part.replace(/["\\]/g, '\\$&')}"`;
  const page = await client.customers.search({ query: `name~${quoted} OR email~${quoted}`, limit: pageSize });
  return { customers: page.data.map((customer) => rowOf(customer)), hasMore: page.has_more };
}

function rowOf({ id, name, email }: { id: string; name?: string | null; email?: string | null }): StripeCustomerRow {
  return { id, name: name || null, email: email ?? null };
}

/** `onceKey`: the same for one wish, so that an answer that was lost makes no second customer. */
export async function createCustomer(
  { client }: OpenedAccount,
  { name, email }: CreateCustomer,
  onceKey: string,
): Promise<StripeCustomerRow> {
  try {
    const wish = { name, ...(email === null ? {} : { email }) };
    return rowOf(await client.customers.create(wish, { idempotencyKey: onceKey }));
  } catch (error) {
    const failure = failureOf(error);
    const isOpen = failure.kind === 'no_answer';
    throw asAppError(
      isOpen ? { ...failure, remedy: 'It may have been made: look at the list before making it again.' } : failure,
    );
  }
}

/** @throws AppError `not_found` where this account has no such customer, or has it no more. */
export async function requireCustomer(
  account: OpenedAccount,
  id: string,
  allow: AllowRead,
): Promise<StripeCustomerRow> {
  await leave(allow);
  const where = `${account.mode} account ${account.accountId}`;
  try {
    const customer = await account.client.customers.retrieve(id);
    if (customer.deleted !== true) return rowOf(customer);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'missing') throw asAppError(failure);
    const isOfOtherMode = /a similar object exists in/.test(failure.sentence);
    const other = account.mode === 'test' ? 'live' : 'test';
    throw new AppError(
      'not_found',
      isOfOtherMode
        ? `${id} is a customer of ${other} mode, and this is the ${where}.`
        : `The ${where} has no customer ${id}.`,
      'Pick one of `tollkeeper stripe customers`, or make one.',
    );
  }
  throw new AppError('not_found', `The customer ${id} was deleted in Stripe.`, 'Pick another, or make one.');
}

async function leave(allow: AllowRead): Promise<void> {
  if (!(await allow())) throw asAppError(noReadsLeft);
}

function asAppError({ kind, sentence, remedy }: StripeFailure): AppError {
  return new AppError(kind === 'forbidden' ? 'not_authorized' : 'stripe_failed', sentence, remedy);
}
