/**
 * `POST /v1/messages/count_tokens` for a request that is about to be sent, with its own headers. Free, and an estimate of Anthropic's own (facts, section
 * 11). Promises an answer within the deadline: null when there is none, whatever the reason, since nobody waits for a count.
 */
import { isWireObject, readCount } from '../../shared/usage.ts';
import type { Clock } from '../system/clock.ts';
import { headerOf, type RawHeaders } from './headers.ts';
import { parseRequest } from './inspect.ts';
import type { Upstream } from './upstream.ts';

const deadlineMs = 1_500;
/** An answer is some fifty bytes. */
const answerBytesMax = 64 * 1024;

/** What it takes of a request; anything else is refused as an extra input (SDK 1.13, MessageCountTokensParams). */
const countedKeys = [
  'messages',
  'model',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'cache_control',
  'context_management',
  'mcp_servers',
  'speed',
] as const;
const notSent = new Set(['content-encoding', 'content-length', 'content-type', 'accept-encoding']);

/** A request as it is about to be sent. */
export type CountedRequest = { readonly headers: RawHeaders; readonly body: Buffer };

export async function countTokens(
  upstream: Upstream,
  clock: Clock,
  { headers, body }: CountedRequest,
): Promise<number | null> {
  const request = parseRequest(body, headerOf(headers, 'content-encoding'));
  if (!request) return null;
  const counted = Object.fromEntries(countedKeys.flatMap((key) => (key in request ? [[key, request[key]]] : [])));
  const late = new AbortController();
  const timer = clock.after(deadlineMs, () => late.abort());
  try {
    const answer = await upstream.dispatcher.request({
      method: 'POST',
      path: `${upstream.prefix}/v1/messages/count_tokens`,
      headers: [...withoutBodyHeaders(headers), 'content-type', 'application/json'],
      body: JSON.stringify(counted),
      signal: late.signal,
    });
    const text = await textOf(answer.body);
    const told: unknown = answer.statusCode === 200 ? JSON.parse(text) : null;
    return (isWireObject(told) && readCount(told['input_tokens'])) || null;
  } catch {
    // Too late, unreachable, or no such endpoint behind a gateway: the estimate stands.
    return null;
  } finally {
    timer.cancel();
  }
}

function withoutBodyHeaders(headers: RawHeaders): string[] {
  return headers.filter((_part, index) => !notSent.has((headers[index - (index % 2)] ?? '').toLowerCase()));
}

/** @throws RangeError beyond the bound. */
async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new RangeError('the answer is too long for a count');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
