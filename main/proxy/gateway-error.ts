/**
 * Answers a client when the upstream gave no answer: 502, or 504 when it took too long, in Anthropic's error shape so that its SDKs show and
 * retry it as they do Anthropic's own. Each says what happened and what to do. Never names a key, a header or a proxy's password.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { errors } from 'undici';

import { UpstreamProxyError } from './upstream-proxy.ts';

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'request_too_large'
  | 'timeout_error'
  | 'api_error';

export type ErrorAnswer = { readonly status: number; readonly type: ErrorType; readonly sentence: string };

export function isTimeout(error: Error): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
}

const unresolved = /^(?:ENOTFOUND|EAI_)/;
const untrusted = /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;
const noRemedy = 'Check the network and the upstream setting.';

/** `didReach`: the request was, or may have been, written to a connection, so that Anthropic may have run it. */
export function gatewayAnswer(error: Error, didReach: boolean): ErrorAnswer {
  const code = codeOf(error);
  if (isTimeout(error)) {
    const remedy = 'Ask for a stream, which says that it is alive, or raise the setting upstreamTimeoutSeconds.';
    return answer(504, 'timeout_error', 'Anthropic did not answer in time.', remedy);
  }
  if (error instanceof UpstreamProxyError)
    return answer(502, 'api_error', `Anthropic could not be reached: ${error.message}.`, proxyRemedy(error));
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError)
    return answer(400, 'invalid_request_error', `This request cannot be passed on: ${error.message}.`, '');
  if (didReach) {
    const remedy = 'It may have run; send it again if it may run twice.';
    return answer(502, 'api_error', `Anthropic took the request and gave no answer (${code}).`, remedy);
  }
  if (unresolved.test(code))
    return answer(502, 'api_error', `The upstream's name could not be resolved (${code}).`, noRemedy);
  if (untrusted.test(code)) {
    const remedy =
      'If a company proxy signs certificates here, name its CA in the setting upstreamCaFile (or NODE_EXTRA_CA_CERTS).';
    return answer(502, 'api_error', `No trusted TLS connection to the upstream (${code}).`, remedy);
  }
  return answer(502, 'api_error', `Tollkeeper could not reach the upstream (${code}).`, noRemedy);
}

function proxyRemedy({ code }: UpstreamProxyError): string {
  return code === 'PROXY_REFUSED'
    ? 'Check the address in HTTPS_PROXY, its user and password, or name the upstream in NO_PROXY.'
    : 'Check the address in HTTPS_PROXY, or name the upstream in NO_PROXY.';
}

function answer(status: number, type: ErrorType, what: string, remedy: string): ErrorAnswer {
  const said = what.startsWith('Tollkeeper') ? what : `Tollkeeper: ${what}`;
  return { status, type, sentence: `${said} ${remedy}`.trim() };
}

/** The shape of every error of the Messages API: {"type":"error","error":{"type","message"}}. */
export function errorBody({ type, sentence }: ErrorAnswer): Buffer {
  return Buffer.from(JSON.stringify({ type: 'error', error: { type, message: sentence } }));
}

export function answerError(response: ServerResponse, incoming: IncomingMessage, said: ErrorAnswer): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = errorBody(said);
  response.writeHead(said.status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(incoming.method === 'HEAD' ? undefined : body);
}

function codeOf(error: Error): string {
  const code = (error as Error & { code?: unknown }).code;
  return typeof code === 'string' ? code : error.message;
}
