/**
 * What the simulated Anthropic can be told to do wrong: for all calls by a switch, or for one by the header `x-sandbox-fault`
 * (`status=529`, `overloaded-after=5`, `cut-after=3`, `slow=40`, `first-byte=2000`, `never`, `encoding=gzip`, `silent-encoding=gzip`, `crlf`),
 * several joined by `;`.
 */

export type AnthropicFault = {
  /** Answers this error status; 413 as a page of HTML, as an edge in front of Anthropic does. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** An `error` event after this many deltas. */
  readonly overloadedAfter?: number;
  /** The socket is destroyed after this many deltas. */
  readonly cutAfter?: number;
  readonly delayPerDeltaMs?: number;
  readonly firstByteMs?: number;
  readonly neverAnswers?: boolean;
  readonly encoding?: 'gzip' | 'br' | 'zstd';
  /** Compressed without saying so. */
  readonly isEncodingSilent?: boolean;
  readonly isCrlf?: boolean;
};

export const faultHeader = 'x-sandbox-fault';

export function parseFault(header: string | undefined): AnthropicFault {
  const pairs = new Map(
    (header ?? '').split(';').map((part) => [part.split('=')[0]?.trim() ?? '', part.split('=')[1]?.trim() ?? '']),
  );
  const number = (name: string) => (pairs.has(name) ? Number(pairs.get(name)) : undefined);
  const encoding = pairs.get('encoding') ?? pairs.get('silent-encoding');
  return dropUndefined({
    status: number('status'),
    retryAfterSeconds: number('retry-after'),
    overloadedAfter: number('overloaded-after'),
    cutAfter: number('cut-after'),
    delayPerDeltaMs: number('slow'),
    firstByteMs: number('first-byte'),
    neverAnswers: pairs.has('never') || undefined,
    encoding: encoding === 'gzip' || encoding === 'br' || encoding === 'zstd' ? encoding : undefined,
    isEncodingSilent: pairs.has('silent-encoding') || undefined,
    isCrlf: pairs.has('crlf') || undefined,
  });
}

function dropUndefined(fault: {
  readonly [Key in keyof AnthropicFault]: AnthropicFault[Key] | undefined;
}): AnthropicFault {
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== undefined));
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function errorTypeOf(status: number): string {
  return errorTypes[status] ?? 'api_error';
}
