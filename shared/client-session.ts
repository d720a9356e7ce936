/**
 * The session a client names: Claude Code by its headers, older versions of it in `metadata.user_id` (facts/anthropic.md section 7), OpenCode and what comes
 * of it by headers of their own (sst/opencode, packages/opencode/src/session/llm/request.ts).
 * Pure. Names are cut, never refused: a label must not stop a call.
 */
import { isWireObject, readText, type WireObject } from './usage.ts';

export type ClientSession = {
  readonly session: string | null;
  /** A subagent shares its parent's session and has a context of its own. */
  readonly agent: string | null;
  readonly parentAgent: string | null;
  /** Of a client whose subagents have sessions of their own: the one that started this. */
  readonly parentSession: string | null;
  /** The SDK marks a request that it sends again. */
  readonly isRetry: boolean;
  /** Who uses the client, where `metadata.user_id` tells that beside the session; an opaque name, never shown as a member. */
  readonly user: string | null;
};

const nameLengthMax = 100;
/** The first that is there. */
const sessionHeaders = ['x-claude-code-session-id', 'x-session-id', 'x-session-affinity', 'x-opencode-session'];

/** `header` answers with the value of a header by its lower-case name, or null. */
export function clientSession(header: (name: string) => string | null, request: WireObject | null): ClientSession {
  const metadata = request && isWireObject(request['metadata']) ? request['metadata'] : {};
  const userId = readText(metadata['user_id']);
  const session = firstNameOf(sessionHeaders, header) ?? nameOf(sessionOfUserId(userId));
  return {
    session,
    agent: session === null ? null : nameOf(header('x-claude-code-agent-id')),
    parentAgent: session === null ? null : nameOf(header('x-claude-code-parent-agent-id')),
    parentSession: session === null ? null : nameOf(header('x-parent-session-id')),
    isRetry: Number(header('x-stainless-retry-count') ?? 0) > 0,
    user: nameOf(userOfUserId(userId)),
  };
}

/** Older versions write `user_<hash>_account_<uuid>_session_<uuid>`, newer ones a JSON text with `session_id`. */
function sessionOfUserId(userId: string | null): string | null {
  if (userId === null) return null;
  return /session_([0-9a-f-]{36})/i.exec(userId)?.[1] ?? /"session_id"\s*:\s*"([^"]{1,100})"/.exec(userId)?.[1] ?? null;
}

/** Any other client's `user_id` is a plain user. */
function userOfUserId(userId: string | null): string | null {
  if (userId === null) return null;
  const account =
    /_account_([0-9a-f-]{36})_session_/i.exec(userId) ?? /"account_uuid"\s*:\s*"([^"]{1,100})"/.exec(userId);
  if (account) return account[1] ?? null;
  return sessionOfUserId(userId) === null ? userId : null;
}

function firstNameOf(names: readonly string[], header: (name: string) => string | null): string | null {
  for (const name of names) {
    const found = nameOf(header(name));
    if (found !== null) return found;
  }
  return null;
}

function nameOf(text: string | null): string | null {
  const name = text?.trim().slice(0, nameLengthMax);
  return name === undefined || name === '' ? null : name;
}
