/**
 * Reads what the meter needs from a request body: the model, whether it streams, and what the conversation is known by.
 * Never changes a byte and never fails: a body it cannot read gives nulls. Keeps no content, only hashes.
 */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { isWireObject, readText, type WireObject } from '../../shared/usage.ts';

export type Inspection = {
  readonly requestedModel: string | null;
  readonly isStream: boolean;
  /** The session a client names in `metadata.user_id`, if it does. */
  readonly sessionId: string | null;
  /** A hash of what stays the same while a conversation grows: the system prompt and the first message. */
  readonly promptKey: string | null;
};

/** Anthropic's own limit after decoding is 32 MB (facts section 3); more is passed on and left unread. */
const decodedBytesMax = 48 * 1024 * 1024;

export const nothingKnown: Inspection = { requestedModel: null, isStream: false, sessionId: null, promptKey: null };

export function inspectRequest(body: Buffer, contentEncoding: string | null): Inspection {
  const request = parse(body, contentEncoding);
  if (!request) return nothingKnown;
  const metadata = isWireObject(request['metadata']) ? request['metadata'] : {};
  return {
    requestedModel: readText(request['model']),
    isStream: request['stream'] === true,
    sessionId: sessionOf(readText(metadata['user_id'])),
    promptKey: promptKeyOf(request),
  };
}

function parse(body: Buffer, contentEncoding: string | null): WireObject | null {
  try {
    const value: unknown = JSON.parse(decode(body, contentEncoding).toString('utf8'));
    return isWireObject(value) ? value : null;
  } catch {
    // Not JSON, not what its encoding says, or too large: Anthropic will answer for it, the meter just knows less.
    return null;
  }
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

/**
 * Claude Code names its session inside `metadata.user_id`: older versions as `…_session_<uuid>`, newer ones as a JSON text with
 * `session_id`. Other clients put a plain user there, which is no conversation.
 */
function sessionOf(userId: string | null): string | null {
  if (userId === null) return null;
  return /session_([0-9a-f-]{36})/i.exec(userId)?.[1] ?? /"session_id"\s*:\s*"([^"]{1,100})"/.exec(userId)?.[1] ?? null;
}

function promptKeyOf(request: WireObject): string | null {
  const messages = request['messages'];
  if (!Array.isArray(messages) || messages.length === 0) return null;
  const hash = createHash('sha256');
  hash.update(withoutCacheMarks(request['system']));
  hash.update('\0');
  hash.update(withoutCacheMarks(messages[0]));
  return `prompt_${hash.digest('hex').slice(0, 20)}`;
}

/** Clients move their cache breakpoints from turn to turn, and write one text block as a plain string; neither is a new conversation. */
function withoutCacheMarks(value: unknown): string {
  return JSON.stringify(value ?? null, (key, part: unknown) => {
    if (key === 'cache_control') return undefined;
    if (key === 'content' && typeof part === 'string') return [{ type: 'text', text: part }];
    return part;
  });
}
