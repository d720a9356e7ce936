/** Errors in Anthropic's shape, with the types and the words it uses (facts/anthropic.md section 3). */
import type { ServerResponse } from 'node:http';

import { answerJson, type Headers } from './http.ts';

export type Refusal = {
  readonly status: number;
  readonly message: string;
  readonly errorCode?: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly isHtml?: boolean | undefined;
};

type KnownError = { readonly type: string; readonly message: string };

const knownErrors: Readonly<Record<number, KnownError>> = {
  400: { type: 'invalid_request_error', message: 'The request is not valid.' },
  401: { type: 'authentication_error', message: 'invalid x-api-key' },
  402: { type: 'billing_error', message: 'Your credit balance is too low to access the Anthropic API.' },
  403: { type: 'permission_error', message: 'Your API key does not have permission to use the specified resource.' },
  404: { type: 'not_found_error', message: 'Not found' },
  409: { type: 'conflict_error', message: 'The resource was changed in the meantime.' },
  413: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  429: { type: 'rate_limit_error', message: 'This request would exceed the rate limit for your organization.' },
  500: { type: 'api_error', message: 'Internal server error' },
  504: { type: 'timeout_error', message: 'The request timed out.' },
  529: { type: 'overloaded_error', message: 'Overloaded' },
};
const unknownError: KnownError = { type: 'api_error', message: 'The sandbox was told to answer this.' };

export function refusalOf(status: number): Refusal {
  return { status, message: (knownErrors[status] ?? unknownError).message };
}

export function answerError(response: ServerResponse, requestId: string, refusal: Refusal, more: Headers = {}): void {
  const { status, message, errorCode } = refusal;
  // Anthropic tells when to come back where coming back helps.
  const retryAfterSeconds = refusal.retryAfterSeconds ?? (status === 429 || status === 529 ? 1 : undefined);
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  const headers = { 'request-id': requestId, ...more, ...retryAfter };
  if (refusal.isHtml) {
    const page = `<html><head><title>${status} Payload Too Large</title></head><body>cloudflare</body></html>`;
    response.writeHead(status, { 'content-type': 'text/html', 'content-length': page.length, ...retryAfter }).end(page);
    return;
  }
  const details = errorCode === undefined ? {} : { details: { error_code: errorCode } };
  const error = { type: (knownErrors[status] ?? unknownError).type, message, ...details };
  answerJson(response, status, { type: 'error', error, request_id: requestId }, headers);
}
