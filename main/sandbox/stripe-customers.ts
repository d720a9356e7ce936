/** Customers of the simulated Stripe: made, read, listed newest first, searched by a part of their name or address, deleted. */
import { ok, v1Error, v1Missing, type StripeReply } from './stripe-answers.ts';
import { textOf } from './stripe-form.ts';
import type { SandboxCustomer, StripeState } from './stripe-state.ts';
import { page } from './stripe-summaries.ts';
import type { V1Request } from './stripe-v1.ts';

/** Null where the request is about something else. */
export function answerCustomers(state: StripeState, request: V1Request): StripeReply | null {
  const { method, path, form, isLive } = request;
  const [, rest = null] = /^\/v1\/customers(?:\/([^/]+))?$/.exec(path) ?? [null, undefined];
  if (!path.startsWith('/v1/customers')) return null;
  if (rest === 'search') return search(state, request);
  if (rest !== null) return oneCustomer(state, rest, request);
  if (method === 'POST') return createCustomer(state, request);
  const rows = listed(state).map((customer) => customerObject(customer, isLive));
  return page(rows, form, path);
}

function listed(state: StripeState): SandboxCustomer[] {
  return [...state.customers.values()].filter(({ isDeleted }) => isDeleted !== true).toReversed();
}

function createCustomer(state: StripeState, { form, isLive, newId }: V1Request): StripeReply {
  const customer = { id: newId('cus'), name: textOf(form, 'name') ?? '', email: textOf(form, 'email') };
  if (customer.email !== null && !/^[^@\s]+@[^@\s]+$/.test(customer.email))
    return v1Error(400, { message: `Invalid email address: ${customer.email}`, code: 'email_invalid', param: 'email' });
  state.customers.set(customer.id, customer);
  return ok(customerObject(customer, isLive));
}

/** A deleted one is still answered for, with nothing but the word that it is gone. */
function oneCustomer(state: StripeState, id: string, { method, isLive }: V1Request): StripeReply {
  const customer = state.customers.get(id);
  if (!customer) return v1Missing('customer', id, { isInOtherMode: state.otherModeIds.has(id), isLive });
  if (method === 'DELETE') state.customers.set(id, { ...customer, isDeleted: true });
  const isDeleted = method === 'DELETE' || customer.isDeleted === true;
  return ok(isDeleted ? { id, object: 'customer', deleted: true } : customerObject(customer, isLive));
}

/** Stripe finds parts of three characters or more. */
const partLengthMin = 3;

function search(state: StripeState, { form, path, isLive }: V1Request): StripeReply {
  const query = textOf(form, 'query') ?? '';
  const clauses = [...query.matchAll(/(name|email)~"((?:[^"\\]|\\.)*)"/g)];
  if (clauses.length === 0) return v1Error(400, { message: 'We were unable to parse your search query.' });
  const parts = clauses.map(([, field, text = '']) => ({ field, part: text.replace(/\\(.)/g, '$1').toLowerCase() }));
  if (parts.some(({ part }) => part.length < partLengthMin))
    return v1Error(400, { message: `A substring must have at least ${partLengthMin} characters.`, param: 'query' });
  const has = ({ name, email }: SandboxCustomer) =>
    parts.some(({ field, part }) => ((field === 'name' ? name : email) ?? '').toLowerCase().includes(part));
  const found = listed(state).filter(has);
  const limit = Math.min(100, Number(textOf(form, 'limit') ?? 10));
  return ok({
    object: 'search_result',
    data: found.slice(0, limit).map((customer) => customerObject(customer, isLive)),
    has_more: found.length > limit,
    next_page: null,
    url: path,
  });
}

function customerObject({ id, name, email = null }: SandboxCustomer, isLive: boolean) {
  return { id, object: 'customer', name, email, livemode: isLive };
}
