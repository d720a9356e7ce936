/**
 * What the simulated Anthropic says: an answer of believable length, made from the request alone, so that the same request is answered the same.
 * Honours `max_tokens`; uses the first tool now and then; thinks where thinking is on.
 */
import { createHash } from 'node:crypto';

import { isWireObject, readCount, readText, type WireObject } from '../../shared/usage.ts';
import { countTokens } from './anthropic-tokens.ts';

export type ReplyBlock =
  | { readonly type: 'thinking'; readonly thinking: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: WireObject };

export type Reply = {
  readonly blocks: readonly ReplyBlock[];
  readonly outputTokens: number;
  readonly thinkingTokens: number;
  readonly stopReason: 'end_turn' | 'max_tokens' | 'tool_use';
};

const phrases = [
  'The checkout total is computed twice, once per line and once per order.',
  'I moved the tax rounding into one function and kept its tests.',
  'The search index is rebuilt on every deploy; a nightly rebuild is enough.',
  'This test depends on the order of the rows, so it fails one run in twenty.',
  'The query reads the whole table because the filter wraps the column.',
  'I would keep the old endpoint for one release and log who still calls it.',
  'The log shows three retries within a second, which points to the load balancer.',
  'Renaming the field breaks the mobile client; add the new one beside it first.',
];

export function replyTo(request: WireObject): Reply {
  const seed = createHash('sha256')
    .update(JSON.stringify(request['messages'] ?? null))
    .digest();
  const maxTokens = readCount(request['max_tokens']);
  if (maxTokens === 0) return { blocks: [], outputTokens: 0, thinkingTokens: 0, stopReason: 'max_tokens' };
  const tool = chosenTool(request, seed);
  const thinking =
    isWireObject(request['thinking']) && request['thinking']['type'] !== 'disabled' ? sentences(seed, 2, 9) : '';
  const text = sentences(seed, tool ? 1 : 2 + ((seed[0] ?? 0) % 14), 3);
  const blocks: ReplyBlock[] = [
    ...(thinking ? [{ type: 'thinking' as const, thinking }] : []),
    { type: 'text', text },
    ...(tool ? [tool] : []),
  ];
  const thinkingTokens = countTokens(thinking);
  const outputTokens = blocks.reduce((sum, block) => sum + countTokens(block), 0);
  if (outputTokens <= maxTokens)
    return { blocks, outputTokens, thinkingTokens, stopReason: tool ? 'tool_use' : 'end_turn' };
  // Cut to what fits: about 3.5 bytes a token.
  return {
    blocks: [{ type: 'text', text: text.slice(0, maxTokens * 3) }],
    outputTokens: maxTokens,
    thinkingTokens: 0,
    stopReason: 'max_tokens',
  };
}

function sentences(seed: Buffer, count: number, offset: number): string {
  return Array.from(
    { length: count },
    (_, index) => phrases[((seed[(index + offset) % 32] ?? 0) + index) % phrases.length],
  ).join(' ');
}

/** One request in three that brings tools, and does not answer one, is answered with a tool use. */
function chosenTool(request: WireObject, seed: Buffer): ReplyBlock | null {
  const tool: unknown = Array.isArray(request['tools']) ? request['tools'][0] : undefined;
  const name = isWireObject(tool) ? readText(tool['name']) : null;
  if (name === null || (seed[1] ?? 0) % 3 !== 0) return null;
  return {
    type: 'tool_use',
    id: `toolu_${seed.toString('hex', 0, 12)}`,
    name,
    input: { path: `src/part-${(seed[2] ?? 0) % 40}.ts` },
  };
}

/** The deltas a block is streamed in, some 24 bytes each, never through the middle of a character. */
export function deltasOf(block: ReplyBlock): WireObject[] {
  switch (block.type) {
    case 'text':
      return pieces(block.text).map((text) => ({ type: 'text_delta', text }));
    case 'thinking':
      return [
        ...pieces(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: 'c2FuZGJveA==' },
      ];
    case 'tool_use':
      return pieces(JSON.stringify(block.input)).map((text) => ({ type: 'input_json_delta', partial_json: text }));
  }
}

function pieces(text: string): string[] {
  return text.match(/[^]{1,24}/gu) ?? [];
}

/** The block as `content_block_start` shows it: empty, to be filled by deltas. */
export function emptyBlock(block: ReplyBlock): WireObject {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: {} };
  }
}
