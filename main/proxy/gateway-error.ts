/**
 * Answers a client when the upstream gave none: 502, or 504 when it took too long, in Anthropic's error shape so that its SDKs show and
 * retry it as they do Anthropic's own. Never names a key or a header.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { errors } from 'undici';

export function gatewayError(response: ServerResponse, incoming: IncomingMessage, error: Error): void {
  const isTimeout = error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
  const sentence = isTimeout
    ? 'Tollkeeper: Anthropic did not answer in time.'
    : `Tollkeeper could not reach the upstream (${codeOf(error)}). Check the network and the upstream setting.`;
  const type = isTimeout ? 'timeout_error' : 'api_error';
  answerError(response, incoming, isTimeout ? 504 : 502, type, sentence);
}

/** The shape of every error of the Messages API: {"type":"error","error":{"type","message"}}. */
export function answerError(
  response: ServerResponse,
  incoming: IncomingMessage,
  status: number,
  type: string,
  message: string,
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = Buffer.from(JSON.stringify({ type: 'error', error: { type, message } }));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(incoming.method === 'HEAD' ? undefined : body);
}

function codeOf(error: Error): string {
  const code = (error as Error & { code?: unknown }).code;
  return typeof code === 'string' ? code : error.message;
}
