/**
 * The simulated Anthropic: real sockets, the Messages API's shapes, a cache that behaves, and faults on request. It runs no model and asks nobody.
 * The demo talks to it and the tests compare the ledger with what it says it served.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { isWireObject, readText, type WireObject } from '../../shared/usage.ts';
import { sleep, type Clock } from '../system/clock.ts';
import { createPromptCache, type CacheUse } from './anthropic-cache.ts';
import { errorTypeOf, faultHeader, parseFault, type AnthropicFault } from './anthropic-faults.ts';
import { replyTo, type Reply } from './anthropic-reply.ts';
import { openCompressor, streamMessage, type StreamEnd } from './anthropic-stream.ts';
import { answerJson, startSandboxServer } from './http.ts';

/** One message that was served, as a test wants to find it in the ledger. */
export type ServedMessage = {
  readonly messageId: string;
  readonly requestId: string;
  readonly model: string;
  readonly isStream: boolean;
  /** `usage` as it stood at the end; for a stream that was cut, what the client cannot know. */
  readonly usage: WireObject;
  end: StreamEnd | 'sending';
};

export type SandboxAnthropic = {
  readonly url: string;
  readonly port: number;
  readonly served: () => readonly ServedMessage[];
  readonly requestCount: () => number;
  /** For every call from now on, below what a call's own header says. */
  readonly setFault: (fault: AnthropicFault) => void;
  readonly close: () => Promise<void>;
};

export type SandboxAnthropicOptions = {
  readonly clock: Clock;
  readonly port?: number;
  readonly delayPerDeltaMs?: number;
};

const servedMax = 200_000;

export async function startSandboxAnthropic(options: SandboxAnthropicOptions): Promise<SandboxAnthropic> {
  const { clock, port = 0, delayPerDeltaMs = 0 } = options;
  const cache = createPromptCache();
  const served: ServedMessage[] = [];
  let standingFault: AnthropicFault = {};
  let requestCount = 0;

  async function handle(incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    requestCount += 1;
    const requestId = `req_sandbox_${requestCount}`;
    const header = incoming.headers[faultHeader];
    const fault = { ...standingFault, ...parseFault(typeof header === 'string' ? header : undefined) };
    if (fault.neverAnswers) return;
    if (fault.firstByteMs !== undefined) await sleep(clock, fault.firstByteMs);
    const path = (incoming.url ?? '/').split('?', 1)[0] ?? '/';
    const route = `${incoming.method} ${path}`;
    if (route === 'HEAD /api/hello') return void response.writeHead(200, { 'request-id': requestId }).end();
    const refusal = refuse(incoming, route, body, fault);
    if (refusal) return answerError(response, requestId, refusal);
    const request = parse(body);
    if (route === 'GET /v1/models') return answerJson(response, 200, modelList(), { 'request-id': requestId });
    if (route === 'POST /v1/messages/count_tokens')
      return answerJson(response, 200, { input_tokens: promptOf(request) }, { 'request-id': requestId });
    await answerMessage({ request, requestId, owner: keyOf(incoming) ?? '', fault }, response);
  }

  type Call = {
    readonly request: WireObject;
    readonly requestId: string;
    readonly owner: string;
    readonly fault: AnthropicFault;
  };

  async function answerMessage({ request, requestId, owner, fault }: Call, response: ServerResponse): Promise<void> {
    const reply = replyTo(request);
    const use = cache.use(owner, request, clock.nowMs());
    const model = currentBook.find(readText(request['model']) ?? '')?.id ?? '';
    const messageId = `msg_sandbox_${requestCount.toString(36).padStart(6, '0')}`;
    const record: ServedMessage = {
      messageId,
      requestId,
      model,
      isStream: request['stream'] === true,
      usage: usageOf(use, reply),
      end: 'sending',
    };
    served.push(record);
    if (served.length > servedMax) served.shift();
    const headers = { 'request-id': requestId, 'anthropic-organization-id': 'org_sandbox', ...rateHeaders };
    const encoding =
      fault.encoding !== undefined && !fault.isEncodingSilent ? { 'content-encoding': fault.encoding } : {};
    const message = { id: messageId, type: 'message', role: 'assistant', model, stop_sequence: null };
    if (!record.isStream) {
      const whole = { ...message, content: reply.blocks, stop_reason: reply.stopReason, usage: record.usage };
      sendWhole(response, whole, { ...headers, ...encoding }, fault);
      record.end = 'whole';
      return;
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...headers,
      ...encoding,
    });
    const start = {
      ...message,
      content: [],
      stop_reason: null,
      usage: { ...record.usage, output_tokens: 1, output_tokens_details: null },
    };
    const finalUsage = {
      output_tokens: reply.outputTokens,
      output_tokens_details: { thinking_tokens: reply.thinkingTokens },
    };
    record.end = await streamMessage(response, { start, reply, finalUsage }, fault, delayPerDeltaMs, clock);
  }

  const server = await startSandboxServer(port, handle);
  return {
    url: server.url,
    port: server.port,
    served: () => served,
    requestCount: () => requestCount,
    setFault: (fault) => {
      standingFault = fault;
    },
    close: server.close,
  };
}

const rateHeaders = { 'anthropic-ratelimit-requests-limit': '4000', 'anthropic-ratelimit-requests-remaining': '3999' };

type Refusal = { readonly status: number; readonly message: string; readonly retryAfterSeconds?: number | undefined };

/** What Anthropic says no to, in its order: key, the fault asked for, the path, the body. */
function refuse(incoming: IncomingMessage, route: string, body: Buffer, fault: AnthropicFault): Refusal | null {
  const key = keyOf(incoming);
  if (key === null || key.startsWith('sk-ant-invalid')) return { status: 401, message: 'invalid x-api-key' };
  if (fault.status !== undefined)
    return { status: fault.status, message: 'As the sandbox was told.', retryAfterSeconds: fault.retryAfterSeconds };
  if (route === 'GET /v1/models') return null;
  if (route !== 'POST /v1/messages' && route !== 'POST /v1/messages/count_tokens')
    return { status: 404, message: `Not found: ${route}` };
  return refuseBody(parse(body), route.endsWith('/messages'));
}

function refuseBody(request: WireObject, isMessage: boolean): Refusal | null {
  const model = readText(request['model']);
  if (model === null) return { status: 400, message: 'model: Field required' };
  if (!Array.isArray(request['messages']) || request['messages'].length === 0)
    return { status: 400, message: 'messages: Field required' };
  if (isMessage && typeof request['max_tokens'] !== 'number')
    return { status: 400, message: 'max_tokens: Field required' };
  const prices = currentBook.find(model);
  if (!prices) return { status: 404, message: `model: ${model}` };
  const tokens = promptOf(request);
  const window = prices.contextWindowTokens ?? 200_000;
  return tokens > window ? { status: 400, message: `prompt is too long: ${tokens} tokens > ${window} maximum` } : null;
}

function answerError(
  response: ServerResponse,
  requestId: string,
  { status, message, retryAfterSeconds }: Refusal,
): void {
  const retryAfter = retryAfterSeconds ?? (status === 429 || status === 529 ? 1 : undefined);
  const headers = {
    'request-id': requestId,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
  if (status === 413)
    return void response
      .writeHead(413, { 'content-type': 'text/html', ...headers })
      .end('<html><h1>413 Payload Too Large</h1></html>');
  answerJson(
    response,
    status,
    { type: 'error', error: { type: errorTypeOf(status), message }, request_id: requestId },
    headers,
  );
}

function sendWhole(
  response: ServerResponse,
  message: unknown,
  headers: Readonly<Record<string, string>>,
  fault: AnthropicFault,
): void {
  if (fault.encoding === undefined) return answerJson(response, 200, message, headers);
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  const compressor = openCompressor(fault.encoding);
  compressor.pipe(response);
  compressor.end(JSON.stringify(message));
}

function usageOf(use: CacheUse, reply: Reply): WireObject {
  return {
    input_tokens: use.inputTokens,
    cache_creation_input_tokens: use.write5mTokens + use.write1hTokens,
    cache_read_input_tokens: use.readTokens,
    cache_creation: { ephemeral_5m_input_tokens: use.write5mTokens, ephemeral_1h_input_tokens: use.write1hTokens },
    output_tokens: reply.outputTokens,
    output_tokens_details: { thinking_tokens: reply.thinkingTokens },
    service_tier: 'standard',
    inference_geo: 'global',
  };
}

/** The whole prompt, whatever of it is cached: the same sum as the cache's parts. */
function promptOf(request: WireObject): number {
  const use = createPromptCache().use('', request, 0);
  return use.inputTokens + use.write5mTokens + use.write1hTokens + use.readTokens;
}

function keyOf(incoming: IncomingMessage): string | null {
  const header = incoming.headers['x-api-key'];
  const bearer = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1];
  return (typeof header === 'string' ? header : bearer) ?? null;
}

function parse(body: Buffer): WireObject {
  try {
    const value: unknown = JSON.parse(body.toString('utf8') || '{}');
    return isWireObject(value) ? value : {};
  } catch {
    // Every field is missing then, and the answer says so.
    return {};
  }
}

function modelList() {
  const data = currentBook.models.map(({ id, contextWindowTokens, maxOutputTokens }) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    max_input_tokens: contextWindowTokens,
    max_tokens: maxOutputTokens,
  }));
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
