/** Whether a request that Node could read is one to pass on, and to which path. Pure. What is refused never reaches the upstream or the ledger. */
import type { IncomingMessage } from 'node:http';

import type { ErrorAnswer } from './gateway-error.ts';
import { refuseVisitor, type GuardRules } from './guard.ts';
import { requestTarget } from './request-target.ts';

/** The server keeps one more than this, so that too many are told from just enough: what is beyond is dropped by Node without a word. */
export const headersMax = 1_000;

export type Admission =
  | { readonly kind: 'admitted'; readonly path: string }
  | { readonly kind: 'refused'; readonly answer: ErrorAnswer };

type Request = Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders' | 'httpVersionMinor'>;

export function admit({ url = '/', headers, rawHeaders, httpVersionMinor }: Request, rules: GuardRules): Admission {
  if (rawHeaders.length > headersMax * 2) return refused(431, `The request has more than ${headersMax} headers.`);
  if (headers.host === undefined && httpVersionMinor > 0) return refused(400, 'The request names no host.');
  const target = requestTarget(url, headers.host);
  if (target.kind === 'unusable')
    return refused(400, 'The request asks for no path. Set ANTHROPIC_BASE_URL to the address of this proxy.');
  const sentence = refuseVisitor({ host: target.host, origin: headers.origin }, rules);
  return sentence === null ? { kind: 'admitted', path: target.path } : refused(403, sentence);
}

function refused(status: number, sentence: string): Admission {
  const type = status === 403 ? 'permission_error' : 'invalid_request_error';
  return { kind: 'refused', answer: { status, type, sentence: `Tollkeeper: ${sentence}` } };
}
