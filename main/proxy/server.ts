/**
 * The proxy: accepts a client's request, lets `forward` carry it, and tells the engine what passed through callbacks. Bytes in, bytes out.
 * Promises: a metered call is begun (durably, by the callback) before it leaves the machine; every path and method passes; accounting
 * never alters a byte and never fails a call. It knows no ledger and no prices.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { admit, headersMax } from './admit.ts';
import { attribute, clientOf } from './attribute.ts';
import { createBatchTap, tapEvents } from './batch-tap.ts';
import { isBatchSubmission, submitBatch } from './batch-submission.ts';
import { createOpenCalls, watchConnections } from './client-connections.ts';
import { forward, type ForwardEvents } from './forward.ts';
import { answerError } from './gateway-error.ts';
import { requestHeaders } from './headers.ts';
import { admitMemberKey } from './member-key.ts';
import { meterCall } from './metered-call.ts';
import type { ProxyOptions } from './options.ts';
import { createBodyBudget, streamBody, type BodyBudget } from './read-body.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { routeOf, type Route } from './route.ts';
import { openUpstream, type Upstream } from './upstream.ts';

export type Proxy = { readonly url: string; readonly close: () => Promise<void> };

/** Node's own limit, which it gives up where a body has none. */
const slowHeadersMaxMs = 60_000;
/** Bodies of calls on their way, together; beyond it a body passes unread. Eight of the largest, or thousands of usual ones. */
const heldBytesMax = 256 * 1024 * 1024;
/** At close, calls still on their way get this long before they are cut and settled as partial. */
const closeGraceMs = 2_000;

/** Of the request line and headers together; more is refused with 431. Node's own limit is 16 KB, Anthropic's edge takes more. */
const headerBytesMax = 64 * 1024;

/** @throws the listen error (EADDRINUSE…) of node:net. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { clock } = options;
  const upstream = openUpstream(options, clock);
  const calls = createOpenCalls();
  const budget = createBodyBudget(options.heldBytesMax ?? heldBytesMax);
  const server = createServer(serverOptions(options), (incoming, response) => {
    calls.add(response);
    void handle(incoming, response, upstream, options, budget);
  });
  server.maxHeadersCount = headersMax + 1;
  watchConnections(server, calls, clock);
  refuseMalformed(server, calls, clock);
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      const timer = clock.after(closeGraceMs, () => {
        calls.destroyAll();
        server.closeAllConnections();
      });
      server.closeIdleConnections();
      await closed;
      timer.cancel();
      await upstream.close();
    },
  };
}

function serverOptions({ slowHeadersMs = slowHeadersMaxMs }: ProxyOptions): ServerOptions {
  return {
    keepAliveTimeout: 65_000,
    // A body may take as long as it takes (500 MB of files over a slow line); its headers may not, or a trickle would hold connections for ever.
    requestTimeout: 0,
    headersTimeout: slowHeadersMs,
    connectionsCheckingInterval: slowHeadersMs / 2,
    maxHeaderSize: headerBytesMax,
    // Refused by us, with a sentence.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
  };
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  options: ProxyOptions,
  budget: BodyBudget,
): Promise<void> {
  try {
    const admission = admit(incoming, options);
    if (admission.kind === 'refused') return answerError(response, incoming, admission.answer);
    const key = admitMemberKey(incoming.rawHeaders, options.memberKeys);
    if (key.kind === 'refused') return answerError(response, incoming, key.answer);
    const route = routeOf(incoming.method ?? 'GET', admission.path, key.holder);
    if (route.kind === 'messages') await meterCall(incoming, response, upstream, route, options, budget);
    else if (route.kind === 'pass') pass(incoming, response, upstream, route);
    else if (isBatchSubmission(incoming, route))
      await submitBatch({ incoming, response, upstream, route }, options, budget);
    else pass(incoming, response, upstream, route, batchEvents(incoming, route, options));
  } catch (error) {
    const sentence = `Tollkeeper failed: ${error instanceof Error ? error.message : String(error)}`;
    answerError(response, incoming, { status: 500, type: 'api_error', sentence });
  }
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  route: Route,
  events?: ForwardEvents,
): void {
  const hasBody =
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
  const request = {
    method: incoming.method ?? 'GET',
    target: `${upstream.prefix}${route.target}`,
    headers: requestHeaders(incoming.rawHeaders, upstream.headers, route.holder?.anthropicApiKey),
    body: hasBody ? streamBody(incoming) : null,
  };
  forward(upstream.dispatcher, request, incoming, response, events);
}

/** The batch API passes like everything else; its answers are listened to, since batches are billed by their results. */
function batchEvents(incoming: IncomingMessage, route: Route, { defaults, callbacks }: ProxyOptions): ForwardEvents {
  const raw = incoming.rawHeaders;
  const batchId = route.batchId ?? '';
  const tap = createBatchTap(route.kind === 'batch_results' ? 'results' : 'facts', {
    onBatches: callbacks.onBatches,
    onResults: (results) =>
      callbacks.onBatchResults(batchId, results, { ...attribute(route, raw, defaults), client: clientOf(raw) }),
    onResultsEnd: () => callbacks.onBatchMetered(batchId),
  });
  return tapEvents(tap);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
