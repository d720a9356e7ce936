/** Answers of the simulated Stripe in the shapes of its API: v1 objects and errors, v2 objects and errors (facts/stripe.md sections 1 to 3). */

export type StripeReply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export function ok(body: unknown): StripeReply {
  return { status: 200, body };
}

export type V1Error = {
  readonly message: string;
  readonly code?: string | null;
  readonly param?: string | null;
  readonly type?: string;
};

export function v1Error(
  status: number,
  { message, code = null, param = null, type = 'invalid_request_error' }: V1Error,
): StripeReply {
  const optional = { ...(code === null ? {} : { code }), ...(param === null ? {} : { param }) };
  return { status, body: { error: { type, message, ...optional } }, headers: { 'stripe-should-retry': 'false' } };
}

/** Where the same id is known in the other mode, Stripe says so. */
export function v1Missing(
  what: string,
  id: string,
  { isInOtherMode = false, isLive = false }: { readonly isInOtherMode?: boolean; readonly isLive?: boolean } = {},
): StripeReply {
  const [other, own] = isLive ? ['test', 'live'] : ['live', 'test'];
  const hint = isInOtherMode
    ? `; a similar object exists in ${other} mode, but a ${own} mode key was used to make this request.`
    : '';
  return v1Error(404, { message: `No such ${what}: '${id}'${hint}`, code: 'resource_missing', param: 'id' });
}

export function v2Error(status: number, code: string, message: string, type = 'invalid_request'): StripeReply {
  return { status, body: { error: { code, message, type } } };
}

export function v1List(data: readonly unknown[], hasMore: boolean, url: string): StripeReply {
  return ok({ object: 'list', data, has_more: hasMore, url });
}
