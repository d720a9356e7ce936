/**
 * The simulated Anthropic: real sockets, the Messages API's shapes, a cache that behaves, and faults on request. It runs no model and asks nobody.
 * The demo talks to it and the tests compare the ledger with what it says it served. Shapes: facts/anthropic.md sections 1 to 3.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { sleep, type Clock } from '../system/clock.ts';
import { systemIds, type Ids } from '../system/ids.ts';
import { createPromptCache } from './anthropic-cache.ts';
import { answerError, refusalOf, type Refusal } from './anthropic-errors.ts';
import { drawFault, faultHeader, parseFault, type AnthropicFault, type FaultPlan } from './anthropic-faults.ts';
import { modelById, modelPage } from './anthropic-models.ts';
import { createRateHeaders } from './anthropic-rate-headers.ts';
import { replyTo } from './anthropic-reply.ts';
import { readRequest, type AcceptedRequest } from './anthropic-request.ts';
import { createServedMessages, type ServedMessage } from './anthropic-served.ts';
import { sendMessage } from './anthropic-stream.ts';
import type { SandboxMessage } from './anthropic-wire.ts';
import { answerJson, startSandboxServer } from './http.ts';

export type { ServedMessage } from './anthropic-served.ts';

export type SandboxAnthropic = {
  readonly url: string;
  readonly port: number;
  /** Every message that was accepted, oldest first, the latest 200,000. */
  readonly served: () => readonly ServedMessage[];
  readonly requestCount: () => number;
  /** From the next request on; replaces the plan before. */
  readonly setFaults: (plan: FaultPlan) => void;
  /** The short form: this, for every request. */
  readonly setFault: (fault: AnthropicFault) => void;
  readonly close: () => Promise<void>;
};

export type SandboxAnthropicOptions = {
  readonly clock: Clock;
  /** Message and request ids; unique across restarts unless a test says otherwise. */
  readonly ids?: Pick<Ids, 'callId'>;
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** The pace of an answer; 0 sends it at once. */
  readonly delayPerDeltaMs?: number;
};

/** Only paths and queries are read from it. */
const origin = 'http://sandbox';

type Asked = {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string;
  readonly requestId: string;
  readonly fault: AnthropicFault;
  /** Aborts when the client leaves. */
  readonly left: AbortSignal;
};

export async function startSandboxAnthropic(options: SandboxAnthropicOptions): Promise<SandboxAnthropic> {
  const { clock, ids = systemIds, port = 0, faults = {}, delayPerDeltaMs = 0 } = options;
  const cache = createPromptCache();
  const rates = createRateHeaders();
  const served = createServedMessages();
  let plan = faults;
  let requestCount = 0;
  let messageCount = 0;

  async function handle(incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    requestCount += 1;
    const requestId = newId('req');
    // A target that is no URL ("//") is answered like any unknown path.
    const url = URL.parse(incoming.url ?? '/', origin) ?? new URL(origin);
    const fault = faultOf(incoming, url.pathname);
    const left = new AbortController();
    response.once('close', () => left.abort());
    if (fault === null) return refuse(response, requestId, { status: 400, message: `${faultHeader}: no such fault` });
    // The socket stays open until the client has had enough, or the sandbox closes.
    if (fault.isNeverAnswered) return;
    if (fault.firstByteMs !== undefined) await sleep(clock, fault.firstByteMs, left.signal);
    if (incoming.method === 'HEAD' && url.pathname === '/api/hello')
      return void response.writeHead(200, { 'request-id': requestId }).end();
    const key = keyOf(incoming);
    if (key === null) return refuse(response, requestId, { status: 401, message: 'x-api-key header is required' });
    if (key.startsWith('sk-ant-invalid')) return refuse(response, requestId, refusalOf(401));
    const { status, retryAfterSeconds, isHtml } = fault;
    if (status !== undefined) return refuse(response, requestId, { ...refusalOf(status), retryAfterSeconds, isHtml });
    const { pathname: path, searchParams: query } = url;
    await answer({ incoming, body, response, path, query, key, requestId, fault, left: left.signal });
  }

  /** A message's number is drawn with its fault, so that chance goes by the row of messages and by nothing else. */
  function faultOf(incoming: IncomingMessage, path: string): AnthropicFault | null {
    const header = incoming.headers[faultHeader];
    const own = parseFault(typeof header === 'string' ? header : '');
    const isMessage = incoming.method === 'POST' && path === '/v1/messages';
    const drawn = isMessage ? drawFault(plan, messageCount++) : {};
    return own && { ...plan.always, ...drawn, ...own };
  }

  async function answer(asked: Asked): Promise<void> {
    const { incoming, path, query, response, requestId } = asked;
    const named = /^\/v1\/models\/([^/]+)$/.exec(path)?.[1];
    if (incoming.method === 'GET' && path === '/v1/models')
      return answerJson(response, 200, modelPage(query), headersOf(requestId));
    if (incoming.method === 'GET' && named !== undefined) {
      const model = modelById(named);
      return model
        ? answerJson(response, 200, model, headersOf(requestId))
        : refuse(response, requestId, { status: 404, message: `model: ${named}` });
    }
    const isMessage = path === '/v1/messages';
    if (incoming.method !== 'POST' || (!isMessage && path !== '/v1/messages/count_tokens'))
      return refuse(response, requestId, refusalOf(404));
    const read = readRequest({ body: asked.body, headers: incoming.headers, isMessage, nowMs: clock.nowMs() });
    if (read.kind === 'refused') return refuse(response, requestId, read.refusal);
    if (isMessage) return answerMessage(asked, read.accepted);
    answerJson(response, 200, { input_tokens: read.accepted.promptTokens }, headersOf(requestId));
  }

  async function answerMessage({ key, requestId, response, fault, left }: Asked, accepted: AcceptedRequest) {
    const { request, model, blocks } = accepted;
    const nowMs = clock.nowMs();
    const speed = request['speed'] === 'fast' ? 'fast' : 'standard';
    const message: SandboxMessage = {
      id: newId('msg'),
      model: model.id,
      // Fast has a cache of its own.
      use: cache.use(`${key}\n${model.id}\n${speed}`, blocks, nowMs),
      reply: replyTo(request),
      inferenceGeo: request['inference_geo'] === 'us' ? 'us' : 'global',
      speed,
    };
    const record = served.begin(message, requestId, request['stream'] === true);
    const headers = { ...headersOf(requestId), ...rates.add(key, message.use, message.reply.outputTokens, nowMs) };
    const pace = { delayPerDeltaMs: fault.delayPerDeltaMs ?? delayPerDeltaMs, clock };
    await sendMessage(response, { message, record, headers, fault, left, ...pace });
  }

  function newId(kind: 'msg' | 'req'): string {
    return `${kind}_${ids.callId().replace(/^call_/, '')}`;
  }

  const server = await startSandboxServer(port, handle);
  const setFaults = (next: FaultPlan) => {
    plan = next;
  };
  return {
    url: server.url,
    port: server.port,
    served: served.list,
    requestCount: () => requestCount,
    setFaults,
    setFault: (fault) => setFaults({ always: fault }),
    close: server.close,
  };
}

function headersOf(requestId: string) {
  return { 'request-id': requestId, 'anthropic-organization-id': 'org_sandbox' };
}

function refuse(response: ServerResponse, requestId: string, refusal: Refusal): void {
  answerError(response, requestId, refusal, headersOf(requestId));
}

/** Both ways are in use: the SDK sends Bearer since 1.0 and the header before it. */
function keyOf(incoming: IncomingMessage): string | null {
  const header = incoming.headers['x-api-key'];
  const bearer = /^Bearer (.+)$/i.exec(incoming.headers.authorization ?? '')?.[1];
  return (typeof header === 'string' && header !== '' ? header : bearer) ?? null;
}
