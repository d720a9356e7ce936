/**
 * The prompt cache of the simulated Anthropic, behaving like the real one: the prompt is a row of blocks (tools, system, messages); a
 * `cache_control` mark writes the prefix up to it; the longest prefix written before is read; entries live 5 minutes or an hour from their last
 * use; a prefix below 1,024 tokens is not cached. Source: facts/anthropic.md section 1, platform docs on prompt caching.
 */
import { createHash } from 'node:crypto';

import { isWireObject, type WireObject } from '../../shared/usage.ts';
import { countTokens } from './anthropic-tokens.ts';

export type CacheUse = {
  readonly inputTokens: number;
  readonly readTokens: number;
  readonly write5mTokens: number;
  readonly write1hTokens: number;
};

export type PromptCache = { readonly use: (owner: string, request: WireObject, nowMs: number) => CacheUse };

type Prefix = { readonly hash: string; readonly tokens: number; readonly ttlMs: number | null };
type Entry = { readonly expiresAtMs: number; readonly ttlMs: number };

const minTokens = 1_024;
const fiveMinutesMs = 5 * 60_000;
const hourMs = 60 * 60_000;
/** How far before a mark an earlier prefix is looked for, in blocks. */
const lookbackBlocks = 20;
const entriesMax = 20_000;

export function createPromptCache(): PromptCache {
  const entries = new Map<string, Entry>();

  function isWarm(hash: string, nowMs: number): boolean {
    return (entries.get(hash)?.expiresAtMs ?? 0) > nowMs;
  }

  function keep(hash: string, ttlMs: number, nowMs: number): void {
    // Used again, an entry goes to the end: the map's order is the order of use, and the oldest go first.
    entries.delete(hash);
    entries.set(hash, { ttlMs, expiresAtMs: nowMs + ttlMs });
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && !oldest.done) entries.delete(oldest.value);
  }

  return {
    use: (owner, request, nowMs) => {
      const prefixes = prefixesOf(owner, request);
      const total = prefixes.at(-1)?.tokens ?? 0;
      const marked = prefixes.flatMap((prefix, index) =>
        prefix.ttlMs === null || prefix.tokens < minTokens ? [] : [{ prefix, index }],
      );
      const candidates = marked.flatMap(({ index }) => prefixes.slice(Math.max(0, index - lookbackBlocks), index + 1));
      const read = candidates.findLast((prefix) => isWarm(prefix.hash, nowMs));
      if (read) keep(read.hash, entries.get(read.hash)?.ttlMs ?? fiveMinutesMs, nowMs);
      let coveredTokens = read?.tokens ?? 0;
      const written = { five: 0, hour: 0 };
      for (const { prefix } of marked) {
        if (prefix.tokens <= coveredTokens) continue;
        const grown = prefix.tokens - coveredTokens;
        if (prefix.ttlMs === hourMs) written.hour += grown;
        else written.five += grown;
        coveredTokens = prefix.tokens;
        keep(prefix.hash, prefix.ttlMs ?? fiveMinutesMs, nowMs);
      }
      return {
        inputTokens: total - coveredTokens,
        readTokens: read?.tokens ?? 0,
        write5mTokens: written.five,
        write1hTokens: written.hour,
      };
    },
  };
}

/** Every prefix of the prompt, block by block, with the hash of all that stands before it. */
function prefixesOf(owner: string, request: WireObject): Prefix[] {
  const hash = createHash('sha256').update(`${owner}\n${String(request['model'])}\n`);
  let tokens = 0;
  return blocksOf(request).map((block) => {
    tokens += countTokens(block);
    hash.update(JSON.stringify(isWireObject(block) ? { ...block, cache_control: undefined } : block)).update('\n');
    return { hash: hash.copy().digest('base64'), tokens, ttlMs: ttlOf(block) };
  });
}

function blocksOf(request: WireObject): unknown[] {
  const messages = Array.isArray(request['messages']) ? request['messages'].filter(isWireObject) : [];
  return [
    ...listOf(request['tools']),
    ...contentOf(request['system']),
    ...messages.flatMap((message) => contentOf(message['content'], message['role'])),
  ];
}

/** Plain text is one block; the role is part of what is hashed. */
function contentOf(content: unknown, role: unknown = 'system'): unknown[] {
  if (typeof content === 'string') return [{ type: 'text', text: content, role }];
  return listOf(content).map((block) => (isWireObject(block) ? { ...block, role } : block));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function ttlOf(block: unknown): number | null {
  const mark = isWireObject(block) ? block['cache_control'] : undefined;
  if (!isWireObject(mark)) return null;
  return mark['ttl'] === '1h' ? hourMs : fiveMinutesMs;
}
