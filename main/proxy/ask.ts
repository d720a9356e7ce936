/**
 * Asks before a call whether it may go, and answers for one that may not. Knows no limits: the decision is the callback's.
 * `count_tokens` goes the way of the call itself, to the same upstream with the client's own credential, which is held by the request and its connection and nowhere else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { BegunCall } from '../../shared/call.ts';
import { hashText } from '../system/hash-text.ts';
import { countTokens } from './count-tokens.ts';
import { headerOf, requestHeaders } from './headers.ts';
import type { Inspection } from './inspect.ts';
import type { AskAnswer, ProxyOptions } from './options.ts';
import type { RequestBody } from './read-body.ts';
import type { Route } from './route.ts';
import type { Upstream } from './upstream.ts';

type Question = {
  readonly call: BegunCall;
  readonly inspection: Inspection;
  readonly incoming: IncomingMessage;
  readonly body: RequestBody;
  readonly upstream: Upstream;
  readonly route: Route;
};

export function askWhetherItMayGo(
  { call, inspection, incoming, body, upstream, route }: Question,
  { callbacks, clock }: ProxyOptions,
): AskAnswer | Promise<AskAnswer> {
  const raw = incoming.rawHeaders;
  // The holder of a member key is known by name, whichever key it is by now.
  const credential = route.holder ? '' : (headerOf(raw, 'x-api-key') ?? headerOf(raw, 'authorization') ?? '');
  return callbacks.onAsk({
    call,
    inspection,
    scope: scopeOf(incoming.socket, { credential, member: call.member, project: call.project }),
    countTokens: async () => {
      if (body.kind !== 'whole') return null;
      // As the call itself: a member key is replaced, since none ever reaches Anthropic.
      const headers = requestHeaders(raw, upstream.headers, route.holder?.anthropicApiKey);
      return countTokens(upstream, clock, { headers, body: body.bytes });
    },
  });
}

type Caller = { readonly credential: string; readonly member: string | null; readonly project: string | null };

/** A client calls over the same connections all day, mostly as the same. What is kept here goes with its connection. */
const lastScopes = new WeakMap<Socket, Caller & { readonly scope: string }>();

function scopeOf(socket: Socket, { credential, member, project }: Caller): string {
  const last = lastScopes.get(socket);
  if (last?.credential === credential && last.member === member && last.project === project) return last.scope;
  const scope = hashText(JSON.stringify([credential, member, project]));
  lastScopes.set(socket, { credential, member, project, scope });
  return scope;
}

type Refused = Extract<AskAnswer, { readonly kind: 'refused' }>;

export function answerRefused(
  response: ServerResponse,
  body: RequestBody,
  { status, headers, body: text }: Refused,
): void {
  // What still comes of a large body is taken and thrown away, so that the client hears the answer.
  if (body.kind === 'large') body.stream.destroy();
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}
