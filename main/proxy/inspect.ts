/**
 * Reads what the meter needs from a request body: the model, whether it streams, and what the conversation is known by.
 * Never changes a byte and never fails: a body it cannot read gives nulls. Keeps no content, only hashes.
 */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { clientSession } from '../../shared/client-session.ts';
import { isWireObject, readText, type WireObject } from '../../shared/usage.ts';

export type Inspection = {
  readonly requestedModel: string | null;
  readonly isStream: boolean;
  /** The session a client names in `metadata.user_id`, if it does. */
  readonly sessionId: string | null;
  /** Who uses the client, where it says that there. */
  readonly clientUser: string | null;
  /** A hash of what stays the same while a conversation grows: the system prompt and the first message. */
  readonly promptKey: string | null;
};

/** Anthropic's own limit after decoding is 32 MB (facts section 3); more is passed on and left unread. */
const decodedBytesMax = 48 * 1024 * 1024;

export const nothingKnown: Inspection = {
  requestedModel: null,
  isStream: false,
  sessionId: null,
  clientUser: null,
  promptKey: null,
};

export function inspectRequest(body: Buffer, contentEncoding: string | null): Inspection {
  const request = parse(body, contentEncoding);
  if (!request) return nothingKnown;
  const metadata = isWireObject(request['metadata']) ? request['metadata'] : {};
  return {
    requestedModel: readText(request['model']),
    isStream: request['stream'] === true,
    sessionId: sessionOf(readText(metadata['user_id'])),
    clientUser: clientSession(() => null, request).user,
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
  const parts: string[] = [];
  addTo(parts, request['system'], 0);
  addTo(parts, messages[0], 0);
  return `prompt_${createHash('sha256').update(parts.join('')).digest('hex').slice(0, 20)}`;
}

/** Deeper than any prompt; what is nested further does not tell conversations apart, and must not overflow the stack. */
const depthMax = 64;

/**
 * Every value with its kind and length, so that no two prompts read alike; not as JSON, whose escaping costs more than the hash. Clients move their
 * cache breakpoints from turn to turn, and write one text block as a plain string; neither is a new conversation.
 */
function addTo(parts: string[], value: unknown, depth: number): void {
  if (depth > depthMax) return;
  if (typeof value === 'string') {
    parts.push(`s${value.length}:`, value);
  } else if (Array.isArray(value)) {
    parts.push(`a${value.length}:`);
    for (const part of value) addTo(parts, part, depth + 1);
  } else if (isWireObject(value)) {
    parts.push('o:');
    for (const [key, part] of Object.entries(value)) {
      if (key === 'cache_control') continue;
      parts.push(`k${key.length}:`, key);
      addTo(parts, key === 'content' && typeof part === 'string' ? [{ type: 'text', text: part }] : part, depth + 1);
    }
    parts.push('e');
  } else parts.push(JSON.stringify(value ?? null));
}
