/**
 * Reads what the meter and the limits need from a request, in one parse of its body: the model, whether it streams, what the prompt is made of, and what
 * the conversation is known by. Never changes a byte and never fails: a body it cannot read gives nulls. Keeps no content, only counts and hashes.
 */
import { isAscii } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { clientSession, type ClientSession } from '../../shared/client-session.ts';
import { promptChain, type PromptChain } from '../../shared/prompt-chain.ts';
import { measurePrompt, type PromptMeasure } from '../../shared/prompt-measure.ts';
import { isWireObject, readCount, readText, type WireObject } from '../../shared/usage.ts';
import { hashText } from '../system/hash-text.ts';
import { headerOf, type RawHeaders } from './headers.ts';

export type Inspection = {
  readonly requestedModel: string | null;
  readonly isStream: boolean;
  /** Null where the request names none. */
  readonly maxTokens: number | null;
  /** Null for a body that cannot be read. */
  readonly measure: PromptMeasure | null;
  /** Null where there is no list of messages. */
  readonly chain: PromptChain | null;
  readonly session: ClientSession;
  /** Of a request to a message thread; the id is null where it begins one. */
  readonly thread: MessageThread | null;
};

export type MessageThread = { readonly previousMessageId: string | null };

/** Anthropic's own limit after decoding is 32 MB (facts section 3); more is passed on and left unread. */
const decodedBytesMax = 48 * 1024 * 1024;

/** `body` null: it is not held. */
export function inspectRequest(body: Buffer | null, raw: RawHeaders): Inspection {
  const request = body === null ? null : parseRequest(body, headerOf(raw, 'content-encoding'));
  const session = clientSession((name) => headerOf(raw, name), request);
  if (!request)
    return {
      requestedModel: null,
      isStream: false,
      maxTokens: null,
      measure: null,
      chain: null,
      session,
      thread: null,
    };
  return {
    requestedModel: readText(request['model']),
    isStream: request['stream'] === true,
    maxTokens: readCount(request['max_tokens']) || null,
    measure: orNull(() => measurePrompt(request)),
    chain: orNull(() => promptChain(request, hashText)),
    session,
    thread: threadOf(request['thread']),
  };
}

function threadOf(thread: unknown): MessageThread | null {
  if (!isWireObject(thread)) return null;
  return { previousMessageId: thread['type'] === 'continue' ? readText(thread['previous_message_id']) : null };
}

export type BatchInspection = {
  /** Of the first request. */
  readonly requestedModel: string | null;
  /** Null for a body that cannot be read. */
  readonly requests: readonly { readonly measure: PromptMeasure; readonly maxTokens: number | null }[] | null;
};

/** The requests of a submission to the batch API (`requests[].params`). `body` null: it is not held. */
export function inspectBatch(body: Buffer | null, raw: RawHeaders): BatchInspection {
  const list = body === null ? null : parseRequest(body, headerOf(raw, 'content-encoding'))?.['requests'];
  if (!Array.isArray(list)) return { requestedModel: null, requests: null };
  const params = list.map((request) => (isWireObject(request) ? request['params'] : null)).filter(isWireObject);
  const requests = params.flatMap((request) => {
    const measure = orNull(() => measurePrompt(request));
    return measure === null ? [] : [{ measure, maxTokens: readCount(request['max_tokens']) || null }];
  });
  return { requestedModel: readText(params[0]?.['model']), requests };
}

/** Whatever a client sends (nested without end, objects where names belong), Anthropic answers for it, and the call is known by less. */
function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Null for what is no JSON object. */
export function parseRequest(body: Buffer, contentEncoding: string | null): WireObject | null {
  try {
    const value: unknown = JSON.parse(textOf(decode(body, contentEncoding)));
    return isWireObject(value) ? value : null;
  } catch {
    // Not JSON, not what its encoding says, or too large: Anthropic will answer for it, the meter just knows less.
    return null;
  }
}

/** ASCII is read as Latin-1, which gives the same text as one byte a character: half of what reading and parsing cost. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

function decode(body: Buffer, contentEncoding: string | null): Buffer {
  const limit = { maxOutputLength: decodedBytesMax };
  switch (contentEncoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(body, limit);
    case 'br':
      return brotliDecompressSync(body, limit);
    case 'deflate':
      return inflateSync(body, limit);
    case 'zstd':
      return zstdDecompressSync(body, limit);
    default:
      return body;
  }
}
