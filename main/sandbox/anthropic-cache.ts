/**
 * The prompt cache of the simulated Anthropic, behaving like the real one: a `cache_control` mark writes the prefix up to it, the longest prefix
 * written before is read, entries live 5 minutes or an hour from their last use, and a prefix below 1,024 tokens is not cached.
 * Keeps hashes only. Source: facts/anthropic.md sections 1 and 4, platform docs on prompt caching.
 */
import { createHash } from 'node:crypto';

import { fiveMinutesMs, hourMs, type PromptBlock } from './anthropic-prompt.ts';

export type CacheUse = {
  readonly inputTokens: number;
  readonly readTokens: number;
  readonly write5mTokens: number;
  readonly write1hTokens: number;
};

export type PromptCache = {
  /** `owner` names whose cache it is: nothing is shared between two keys or two models. */
  readonly use: (owner: string, blocks: readonly PromptBlock[], nowMs: number) => CacheUse;
};

type Prefix = {
  readonly index: number;
  readonly hash: string;
  readonly tokens: number;
  readonly ttlMs: number | null;
};
type Entry = { readonly expiresAtMs: number; readonly ttlMs: number };

const cacheableTokensMin = 1_024;
/** How far before a mark an earlier prefix is looked for, in blocks (platform docs). */
const lookbackBlocks = 20;
const entriesMax = 20_000;

export function createPromptCache(): PromptCache {
  const entries = new Map<string, Entry>();

  function isWarm({ hash }: Prefix, nowMs: number): boolean {
    return (entries.get(hash)?.expiresAtMs ?? 0) > nowMs;
  }

  function keep({ hash }: Prefix, ttlMs: number, nowMs: number): void {
    // Used again, an entry goes to the end: the map's order is the order of use, and the oldest go first.
    entries.delete(hash);
    entries.set(hash, { ttlMs, expiresAtMs: nowMs + ttlMs });
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && !oldest.done) entries.delete(oldest.value);
  }

  /** Each mark past what was read writes the prompt from the one before it. */
  function write(marks: readonly Prefix[], readTokens: number, nowMs: number) {
    const written = { for5m: 0, for1h: 0 };
    let coveredTokens = readTokens;
    for (const mark of marks.filter(({ tokens }) => tokens > readTokens)) {
      if (mark.ttlMs === hourMs) written.for1h += mark.tokens - coveredTokens;
      else written.for5m += mark.tokens - coveredTokens;
      coveredTokens = mark.tokens;
      keep(mark, mark.ttlMs ?? fiveMinutesMs, nowMs);
    }
    return written;
  }

  return {
    use: (owner, blocks, nowMs) => {
      const prefixes = prefixesOf(owner, blocks);
      const marks = prefixes.filter(({ ttlMs, tokens }) => ttlMs !== null && tokens >= cacheableTokensMin);
      const inReach = marks.flatMap(({ index }) => prefixes.slice(Math.max(0, index - lookbackBlocks), index + 1));
      const read = inReach.findLast((prefix) => isWarm(prefix, nowMs));
      const readTokens = read?.tokens ?? 0;
      // Reading a prefix uses those it is made of: a system prompt stays warm while its conversation goes on.
      for (const prefix of prefixes) {
        const entry = entries.get(prefix.hash);
        if (entry && prefix.tokens <= readTokens && isWarm(prefix, nowMs)) keep(prefix, entry.ttlMs, nowMs);
      }
      const written = write(marks, readTokens, nowMs);
      return {
        inputTokens: (prefixes.at(-1)?.tokens ?? 0) - readTokens - written.for5m - written.for1h,
        readTokens,
        write5mTokens: written.for5m,
        write1hTokens: written.for1h,
      };
    },
  };
}

/** Every prefix of the prompt, block by block, with the hash of all that stands before it. */
function prefixesOf(owner: string, blocks: readonly PromptBlock[]): Prefix[] {
  const hash = createHash('sha256').update(`${owner}\n`);
  let tokens = 0;
  return blocks.map((block, index) => {
    tokens += block.tokens;
    hash.update(`${block.place}\n${JSON.stringify(block.content)}\n`);
    return { index, hash: hash.copy().digest('base64'), tokens, ttlMs: block.ttlMs };
  });
}
