/**
 * A prompt as a row of blocks, in the order in which it is cached: tools, system, messages. Plain text is one block. Pure.
 * Counting and caching both go by this row, so that `count_tokens` and `usage` agree.
 */
import { isWireObject, type WireObject } from '../../shared/usage.ts';
import { countTokens } from './anthropic-tokens.ts';

export type PromptBlock = {
  readonly place: string;
  /** Without its cache mark: a mark that moves on to a newer block does not change the prompt. */
  readonly content: unknown;
  readonly tokens: number;
  /** How long the prefix up to here is to be kept; null without a mark. */
  readonly ttlMs: number | null;
};

export const fiveMinutesMs = 5 * 60_000;
export const hourMs = 60 * 60_000;

export function promptBlocks(request: WireObject): PromptBlock[] {
  const messages = listOf(request['messages']).filter(isWireObject);
  const blocks = [
    ...listOf(request['tools']).map((tool) => promptBlock('tools', tool)),
    ...partsOf(request['system']).map((part) => promptBlock('system', part)),
    ...messages.flatMap((message) =>
      partsOf(message['content']).map((part) => promptBlock(String(message['role']), part)),
    ),
  ];
  const last = blocks.at(-1);
  const automaticTtlMs = ttlOf(request);
  // A mark on the request itself means: the last block.
  if (automaticTtlMs === null || last === undefined || last.ttlMs !== null) return blocks;
  return [...blocks.slice(0, -1), { ...last, ttlMs: automaticTtlMs }];
}

export function promptTokensOf(blocks: readonly PromptBlock[]): number {
  return blocks.reduce((sum, { tokens }) => sum + tokens, 0);
}

function promptBlock(place: string, part: unknown): PromptBlock {
  if (!isWireObject(part)) return { place, content: part, tokens: countTokens(part), ttlMs: null };
  const { cache_control: _mark, ...content } = part;
  return { place, content, tokens: countTokens(part), ttlMs: ttlOf(part) };
}

function partsOf(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function ttlOf(marked: WireObject): number | null {
  const mark = marked['cache_control'];
  if (!isWireObject(mark)) return null;
  return mark['ttl'] === '1h' ? hourMs : fiveMinutesMs;
}
