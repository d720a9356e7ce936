/**
 * Asks before a call whether it may go, and answers for one that may not. Knows no limits: the decision is the callback's.
 * `count_tokens` goes the way of the call itself, to the same upstream with the client's own credential, which is held by the request and nowhere else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { BegunCall } from '../../shared/call.ts';
import { hashText } from '../system/hash-text.ts';
import { countTokens } from './count-tokens.ts';
import { headerOf } from './headers.ts';
import type { Inspection } from './inspect.ts';
import type { AskAnswer, ProxyOptions } from './options.ts';
import type { RequestBody } from './read-body.ts';
import type { Upstream } from './upstream.ts';

type Question = {
  readonly call: BegunCall;
  readonly inspection: Inspection;
  readonly incoming: IncomingMessage;
  readonly body: RequestBody;
  readonly upstream: Upstream;
};

export function askWhetherItMayGo(
  { call, inspection, incoming, body, upstream }: Question,
  { callbacks, clock }: ProxyOptions,
): AskAnswer | Promise<AskAnswer> {
  const raw = incoming.rawHeaders;
  const credential = headerOf(raw, 'x-api-key') ?? headerOf(raw, 'authorization') ?? '';
  return callbacks.onAsk({
    call,
    inspection,
    scope: hashText(JSON.stringify([credential, call.member, call.project])),
    countTokens: async () => (body.kind === 'whole' ? countTokens(upstream, clock, raw, body.bytes) : null),
  });
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
