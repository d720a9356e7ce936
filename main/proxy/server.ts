/**
 * The proxy: accepts a client's request, lets `forward` carry it, and tells the engine what passed through callbacks. Bytes in, bytes out.
 * Promises: a metered call is begun (durably, by the callback) before it leaves the machine; every path and method passes; accounting
 * never alters a byte and never fails a call. It knows no ledger and no prices.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Pool, type Dispatcher } from 'undici';

import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { Attribution, BegunCall } from '../../shared/call.ts';
import type { OutputCalibration } from '../../shared/output-estimate.ts';
import { readCount } from '../../shared/usage.ts';
import type { CallEnd } from '../../shared/settle.ts';
import type { Clock } from '../system/clock.ts';
import { attribute, clientOf, type AttributionDefaults } from './attribute.ts';
import { createBatchTap } from './batch-tap.ts';
import { callEnd, callSoFar, type CallSoFar } from './call-end.ts';
import { forward, type ForwardEvents } from './forward.ts';
import { answerError } from './gateway-error.ts';
import { headerOf, requestHeaders } from './headers.ts';
import { inspectRequest, nothingKnown } from './inspect.ts';
import { readBody } from './read-body.ts';
import { routeOf, type Route } from './route.ts';
import type { Progress } from './observe.ts';
import { createTap } from './tap.ts';

export type ProxyCallbacks = {
  /** Resolves when the call is durable, or cannot be made so; never rejects. `soFar` tells what the answer has said while it runs. */
  readonly onBegin: (call: BegunCall, soFar: () => CallSoFar) => Promise<void>;
  /** Resolves when the end of the answer may be seen: the call is settled, or its row has to wait. Never rejects. */
  readonly onFinish: (call: BegunCall, end: CallEnd) => Promise<void>;
  /** `submitter` is null when they were only asked about. */
  readonly onBatches: (batches: readonly BatchFacts[], submitter: BatchSubmitter | null) => void;
  /** `fetcher` stands in where the submission was never seen. */
  readonly onBatchResults: (batchId: string, results: readonly BatchResult[], fetcher: BatchSubmitter) => void;
  /** All results of it have been told. */
  readonly onBatchMetered: (batchId: string) => void;
};

export type BatchSubmitter = Pick<Attribution, 'member' | 'project' | 'customer'> & { readonly client: string | null };

export type ProxyOptions = {
  readonly port: number;
  readonly upstream: string;
  readonly defaults: AttributionDefaults;
  /** Read an answer to its end when its client leaves (setting of the same name). */
  readonly drainOnAbort: boolean;
  /** What the text of cut answers comes to in tokens; learns from those that are whole. */
  readonly calibration: OutputCalibration;
  readonly clock: Clock;
  readonly callId: () => string;
  readonly callbacks: ProxyCallbacks;
};

export type Proxy = { readonly url: string; readonly close: () => Promise<void> };

/** Clients wait up to 600 s (SDK default) and pings are the only sign of life for long stretches; never give up before them. */
const upstreamTimeoutMs = 900_000;
/** Connections to the upstream at once; more calls than this wait for one. */
const upstreamConnectionsMax = 512;
/** At close, calls still on their way get this long before they are cut and settled as partial. */
const closeGraceMs = 2_000;

/** @throws the listen error (EADDRINUSE…) of node:net. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { origin, basePath } = splitUpstream(options.upstream);
  const upstream = new Pool(origin, {
    connections: upstreamConnectionsMax,
    headersTimeout: upstreamTimeoutMs,
    bodyTimeout: upstreamTimeoutMs,
    allowH2: false,
  });
  const open = new Set<ServerResponse>();
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 0, joinDuplicateHeaders: false },
    (incoming, response) => {
      open.add(response);
      response.on('close', () => open.delete(response));
      void handle(incoming, response, upstream, basePath, options);
    },
  );
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      const timer = options.clock.after(closeGraceMs, () => {
        for (const response of open) response.destroy();
        server.closeAllConnections();
      });
      server.closeIdleConnections();
      await closed;
      timer.cancel();
      await upstream.destroy();
    },
  };
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Dispatcher,
  basePath: string,
  options: ProxyOptions,
): Promise<void> {
  try {
    const route = routeOf(incoming.method ?? 'GET', incoming.url ?? '/');
    const target = `${basePath}${route.target}`;
    if (route.kind === 'messages') await handleMessages(incoming, response, upstream, { ...route, target }, options);
    else if (route.kind === 'pass') pass(incoming, response, upstream, target);
    else pass(incoming, response, upstream, target, batchEvents(incoming, route, options));
  } catch (error) {
    answerError(
      response,
      incoming,
      500,
      'api_error',
      `Tollkeeper failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Dispatcher,
  target: string,
  events?: ForwardEvents,
): void {
  const hasBody =
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
  const headers = requestHeaders(incoming.rawHeaders);
  forward(
    upstream,
    { method: incoming.method ?? 'GET', target, headers, body: hasBody ? incoming : null },
    incoming,
    response,
    events,
  );
}

/** The batch API passes like everything else; its answers are listened to, since batches are billed by their results. */
function batchEvents(incoming: IncomingMessage, route: Route, { defaults, callbacks }: ProxyOptions): ForwardEvents {
  const raw = incoming.rawHeaders;
  const who = () => ({ ...attribute(route, raw, nothingKnown, defaults), client: clientOf(raw) });
  const batchId = route.batchId ?? '';
  const isSubmission = incoming.method === 'POST' && route.batchId === null;
  const tap = createBatchTap(route.kind === 'batch_results' ? 'results' : 'facts', {
    onBatches: (batches) => callbacks.onBatches(batches, isSubmission ? who() : null),
    onResults: (results) => callbacks.onBatchResults(batchId, results, who()),
    onResultsEnd: () => callbacks.onBatchMetered(batchId),
  });
  return {
    onResponse: (status, headers) => tap.start(status, headerOf(headers, 'content-encoding')),
    onChunk: (chunk) => {
      tap.write(chunk);
      return undefined;
    },
    onEnd: (end) => {
      void tap.end(end);
      return undefined;
    },
  };
}

async function handleMessages(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Dispatcher,
  route: Route,
  options: ProxyOptions,
): Promise<void> {
  const body = await readBody(incoming);
  // The client went away while it was still sending: nothing left this machine, so there is no call.
  if (body === null) return;
  const begunAtMs = options.clock.monotonicMs();
  const call = describeCall(incoming, route, body, options);
  const tap = createTap();
  const { estimate } = options.calibration;
  await options.callbacks.onBegin(call, () => callSoFar(tap.progress, estimate));

  const { clock, callbacks } = options;
  const sentAtMs = clock.monotonicMs();
  let httpStatus: number | null = null;
  let requestId: string | null = null;
  let firstByteMs: number | null = null;
  let responseBytes = 0;

  const headers = requestHeaders(incoming.rawHeaders);
  const request = { method: 'POST', target: route.target, headers, body, isDrained: options.drainOnAbort };
  forward(upstream, request, incoming, response, {
    onResponse: (status, raw) => {
      httpStatus = status;
      requestId = headerOf(raw, 'request-id');
      firstByteMs = Math.round(clock.monotonicMs() - sentAtMs);
      tap.start(headerOf(raw, 'content-type'), headerOf(raw, 'content-encoding'));
    },
    onChunk: (chunk) => {
      responseBytes += chunk.length;
      return tap.write(chunk);
    },
    onEnd: (end) => {
      // By the clock that never jumps: a call must not end before it began, or a day later, because somebody set the machine's.
      const endedAtMs = call.startedAtMs + Math.round(clock.monotonicMs() - begunAtMs);
      return tap.end().then(() => {
        const passed = { startedAtMs: call.startedAtMs, endedAtMs, firstByteMs, httpStatus, requestId, responseBytes };
        learnFrom(tap.progress, options.calibration);
        return callbacks.onFinish(call, callEnd(passed, tap.progress, end, estimate));
      });
    },
    holds: { clock, isEndSeen: () => tap.progress.isWhole },
  });
}

/** A whole stream teaches what its text came to. One with passes of other models, or read from JSON, teaches nothing about this one. */
function learnFrom({ model, usage, generated, isWhole }: Progress, calibration: OutputCalibration): void {
  if (!isWhole || usage === null || Array.isArray(usage['iterations'])) return;
  calibration.learn(model, generated, readCount(usage['output_tokens']));
}

function describeCall(incoming: IncomingMessage, route: Route, body: Buffer, options: ProxyOptions): BegunCall {
  const raw = incoming.rawHeaders;
  const inspection = inspectRequest(body, headerOf(raw, 'content-encoding'));
  return {
    id: options.callId(),
    source: 'proxy',
    startedAtMs: options.clock.nowMs(),
    path: route.target.split('?', 1)[0] ?? route.target,
    client: clientOf(raw),
    requestedModel: inspection.requestedModel,
    isStream: inspection.isStream,
    promptBytes: body.length,
    ...attribute(route, raw, inspection, options.defaults),
  };
}

/** An upstream may have a path of its own (a gateway behind a gateway); it goes before every target. */
function splitUpstream(upstream: string): { origin: string; basePath: string } {
  const url = new URL(upstream);
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') };
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
