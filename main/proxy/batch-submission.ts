/**
 * `POST /v1/messages/batches`: a batch asks once, before it is submitted, for all its requests; then it passes like everything else, byte for byte. Its
 * body is read whole up to what can be inspected; a larger one passes unread, and asks without its requests. Promises one `onBatchSubmitted` for each that
 * may go, whatever becomes of it: its answer is read to the end even when its client has left, so that it is known by its id.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { BatchFacts } from '../../shared/batch.ts';
import type { BegunCall } from '../../shared/call.ts';
import { answerRefused } from './ask.ts';
import { attribute, clientOf } from './attribute.ts';
import { createBatchTap, tapEvents } from './batch-tap.ts';
import { forward } from './forward.ts';
import { requestHeaders } from './headers.ts';
import { inspectBatch } from './inspect.ts';
import type { ProxyOptions } from './options.ts';
import { readBody, type BodyBudget } from './read-body.ts';
import type { Route } from './route.ts';
import type { Upstream } from './upstream.ts';

type Submission = {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: Upstream;
  readonly route: Route;
};

export function isBatchSubmission({ method }: IncomingMessage, { kind, batchId }: Route): boolean {
  return kind === 'batches' && method === 'POST' && batchId === null;
}

export async function submitBatch(
  { incoming, response, upstream, route }: Submission,
  options: ProxyOptions,
  budget: BodyBudget,
): Promise<void> {
  const body = await readBody(incoming, budget);
  if (body === null) return;
  const raw = incoming.rawHeaders;
  const { requestedModel, requests } = inspectBatch(body.kind === 'whole' ? body.bytes : null, raw);
  const call: BegunCall = {
    id: options.callId(),
    source: 'proxy',
    startedAtMs: options.clock.nowMs(),
    path: route.target.split('?', 1)[0] ?? route.target,
    client: clientOf(raw),
    clientUser: null,
    requestedModel,
    isStream: false,
    promptBytes: body.kind === 'whole' ? body.bytes.length : body.bytesSoFar,
    ...attribute(route, raw, options.defaults),
    conversation: null,
  };
  const headers = requestHeaders(raw, upstream.headers, route.holder?.anthropicApiKey);
  const answer = await options.callbacks.onAskBatch({ call, requests });
  if (answer.kind === 'refused') {
    budget.release(body.heldBytes);
    return answerRefused(response, body, answer);
  }
  const request = {
    method: 'POST',
    target: `${upstream.prefix}${route.target}`,
    headers,
    body: body.kind === 'whole' ? body.bytes : body.stream,
    isDrained: true,
  };
  let facts: BatchFacts | null = null;
  const tap = createBatchTap('facts', { onBatches: ([submitted]) => (facts = submitted ?? null) });
  forward(upstream.dispatcher, request, incoming, response, {
    ...tapEvents(tap),
    onEnd: (end) => {
      budget.release(body.heldBytes);
      void tap.end(end).then(() => options.callbacks.onBatchSubmitted(call, facts));
      return undefined;
    },
  });
}
