/**
 * What the simulated Anthropic says: an answer of believable length, made from the request alone, so that the same request is answered the same,
 * streamed or not. Honours `max_tokens`; uses a tool now and then; thinks where thinking is on. Pure.
 */
import { createHash } from 'node:crypto';

import { isWireObject, readCount, readText, type WireObject } from '../../shared/usage.ts';
import { seededFraction } from './anthropic-faults.ts';
import { listOf } from './anthropic-prompt.ts';
import { believableText } from './anthropic-sentences.ts';
import { bytesPerToken, countTokens } from './anthropic-tokens.ts';

export type ReplyBlock =
  | { readonly type: 'thinking'; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: WireObject };

export type Reply = {
  readonly blocks: readonly ReplyBlock[];
  readonly outputTokens: number;
  readonly thinkingTokens: number;
  readonly stopReason: 'end_turn' | 'max_tokens' | 'tool_use';
};

/** Answers take up to this into account, however much more a request allows: some 50 to 125 deltas then. */
const answerTokensMax = 1_000;
/** Of requests that bring tools and do not answer one. */
const toolUseShare = 0.4;

export function replyTo(request: WireObject): Reply {
  const maxTokens = readCount(request['max_tokens']);
  // A warm-up: writes the cache, says nothing.
  if (maxTokens === 0) return { blocks: [], outputTokens: 0, thinkingTokens: 0, stopReason: 'max_tokens' };
  const draw = drawOf(request);
  const wantedTokens = Math.min(maxTokens, answerTokensMax) * (0.35 + 0.5 * draw());
  const thinking = isThinking(request)
    ? cut(believableText(draw, wantedTokens * 0.3 * bytesPerToken), maxTokens / 2)
    : '';
  const thinkingTokens = countTokens(thinking);
  const tool = chosenTool(request, draw);
  const leftTokens = maxTokens - thinkingTokens;
  const lead = believableText(draw, 1);
  const isToolUsed = tool !== null && tokensOf(tool) + countTokens(lead) <= leftTokens;
  const whole = isToolUsed ? lead : believableText(draw, (wantedTokens - thinkingTokens) * bytesPerToken);
  const text = cut(whole, leftTokens);
  const blocks: readonly ReplyBlock[] = [
    ...(thinking === '' ? [] : [{ type: 'thinking' as const, text: thinking }]),
    { type: 'text', text },
    ...(isToolUsed ? [tool] : []),
  ];
  return {
    blocks,
    thinkingTokens,
    outputTokens: blocks.reduce((sum, block) => sum + tokensOf(block), 0),
    stopReason: isToolUsed ? 'tool_use' : text === whole ? 'end_turn' : 'max_tokens',
  };
}

/** Random numbers that follow from the request; `stream` is left out, so that both ways of asking get the same answer. */
function drawOf(request: WireObject): () => number {
  const digest = createHash('sha256')
    .update(JSON.stringify({ ...request, stream: undefined }))
    .digest();
  const seed = digest.readUInt32LE();
  let index = 0;
  return () => seededFraction(seed, index++);
}

/** The sandbox writes ASCII, so that a character is a byte. */
function cut(text: string, tokens: number): string {
  return text.slice(0, Math.floor(Math.floor(tokens) * bytesPerToken));
}

export function tokensOf(block: ReplyBlock): number {
  return countTokens(block.type === 'tool_use' ? JSON.stringify(block.input) : block.text);
}

function isThinking(request: WireObject): boolean {
  return isWireObject(request['thinking']) && request['thinking']['type'] !== 'disabled';
}

function chosenTool(request: WireObject, draw: () => number): ReplyBlock | null {
  const tools = listOf(request['tools']).filter(isWireObject);
  const choice = isWireObject(request['tool_choice']) ? request['tool_choice'] : {};
  const isForced = choice['type'] === 'any' || choice['type'] === 'tool';
  const isWanted = isForced || (draw() < toolUseShare && !answersTool(request));
  const named = tools.find((tool) => tool['name'] === choice['name']);
  const tool = named ?? tools[Math.floor(draw() * tools.length)];
  const name = readText(tool?.['name']);
  if (!isWanted || choice['type'] === 'none' || name === null) return null;
  const id = `toolu_${Math.floor(draw() * 2 ** 48).toString(36)}${Math.floor(draw() * 2 ** 48).toString(36)}`;
  return { type: 'tool_use', id, name, input: inputFor(tool?.['input_schema'], draw) };
}

function answersTool(request: WireObject): boolean {
  const last = listOf(request['messages']).at(-1);
  const content = isWireObject(last) ? listOf(last['content']) : [];
  return content.some((block) => isWireObject(block) && block['type'] === 'tool_result');
}

/** Something that fits the tool's schema, one level deep. */
function inputFor(schema: unknown, draw: () => number): WireObject {
  const properties = isWireObject(schema) && isWireObject(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, valueFor(name, property, draw)]),
  );
}

function valueFor(name: string, property: unknown, draw: () => number): unknown {
  const { type, enum: choices } = isWireObject(property) ? property : {};
  if (Array.isArray(choices)) return choices[Math.floor(draw() * choices.length)];
  switch (type) {
    case 'integer':
    case 'number':
      return Math.floor(draw() * 400);
    case 'boolean':
      return draw() < 0.5;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return /path|file/.test(name) ? `src/part-${Math.floor(draw() * 40)}.ts` : believableText(draw, 1);
  }
}
