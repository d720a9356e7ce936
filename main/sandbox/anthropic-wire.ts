/**
 * A message of the simulated Anthropic as it goes over the wire: whole as JSON, or as the events of a stream (facts/anthropic.md sections 1 and
 * 2), with `usage` in its full shape. Pure.
 */
import type { WireObject } from '../../shared/usage.ts';
import type { CacheUse } from './anthropic-cache.ts';
import type { Reply, ReplyBlock } from './anthropic-reply.ts';

export type SandboxMessage = {
  readonly id: string;
  readonly model: string;
  readonly use: CacheUse;
  readonly reply: Reply;
  readonly inferenceGeo: 'us' | 'global';
  readonly speed: 'standard' | 'fast';
};

/** `textBytes`: what the deltas of this event add to the answer. */
export type StreamEvent = { readonly name: string; readonly data: WireObject; readonly textBytes: number };

/** A delta is some 24 characters: a short chunk as Anthropic sends them. */
const deltaCharacters = /[^]{1,24}/gu;
const signature = 'c2FuZGJveA==';

export function finalUsage({ use, reply, inferenceGeo, speed }: Omit<SandboxMessage, 'id' | 'model'>): WireObject {
  return {
    ...promptUsage(use),
    cache_creation: { ephemeral_5m_input_tokens: use.write5mTokens, ephemeral_1h_input_tokens: use.write1hTokens },
    ...outputUsage(reply),
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: inferenceGeo,
    speed,
  };
}

/** What `message_start` says before anything is written: the prompt is known, the output is a placeholder. */
export function startUsage(message: Omit<SandboxMessage, 'id' | 'model'>): WireObject {
  return {
    ...finalUsage(message),
    output_tokens: Math.min(1, message.reply.outputTokens),
    output_tokens_details: null,
  };
}

function promptUsage(use: CacheUse): WireObject {
  return {
    input_tokens: use.inputTokens,
    cache_creation_input_tokens: use.write5mTokens + use.write1hTokens,
    cache_read_input_tokens: use.readTokens,
  };
}

function outputUsage({ outputTokens, thinkingTokens }: Reply): WireObject {
  return { output_tokens: outputTokens, output_tokens_details: { thinking_tokens: thinkingTokens } };
}

export function wholeMessage(message: SandboxMessage): WireObject {
  return {
    ...emptyMessage(message),
    content: message.reply.blocks.map(wholeBlock),
    stop_reason: message.reply.stopReason,
    usage: finalUsage(message),
  };
}

function emptyMessage(message: SandboxMessage): WireObject {
  return {
    id: message.id,
    type: 'message',
    role: 'assistant',
    model: message.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: startUsage(message),
  };
}

export function* streamEvents(message: SandboxMessage): Generator<StreamEvent> {
  yield streamEvent('message_start', { message: emptyMessage(message) });
  yield streamEvent('ping', {});
  for (const [index, block] of message.reply.blocks.entries()) {
    yield streamEvent('content_block_start', { index, content_block: emptyBlock(block) });
    for (const delta of deltasOf(block))
      yield { ...streamEvent('content_block_delta', { index, delta: delta.wire }), ...delta };
    yield streamEvent('content_block_stop', { index });
  }
  // The counts are cumulative; the split by time to live, the tier and the place stand in message_start only.
  yield streamEvent('message_delta', {
    delta: { stop_reason: message.reply.stopReason, stop_sequence: null, stop_details: null },
    usage: { ...promptUsage(message.use), ...outputUsage(message.reply), server_tool_use: null },
  });
  yield streamEvent('message_stop', {});
}

export function streamEvent(name: string, fields: WireObject): StreamEvent {
  return { name, data: { type: name, ...fields }, textBytes: 0 };
}

export function eventText({ name, data }: StreamEvent, isCrlf: boolean): string {
  const lineEnd = isCrlf ? '\r\n' : '\n';
  return `event: ${name}${lineEnd}data: ${JSON.stringify(data)}${lineEnd}${lineEnd}`;
}

/** How many deltas a reply is streamed in, which is also how long it takes to write it. */
export function deltaCountOf({ blocks }: Reply): number {
  return blocks.reduce((sum, block) => sum + deltasOf(block).length, 0);
}

type Delta = { readonly wire: WireObject; readonly textBytes: number };

function deltasOf(block: ReplyBlock): Delta[] {
  const pieces = (block.type === 'tool_use' ? JSON.stringify(block.input) : block.text).match(deltaCharacters) ?? [];
  const deltas = pieces.map((piece) => ({ wire: deltaOf(block, piece), textBytes: Buffer.byteLength(piece) }));
  return block.type === 'thinking'
    ? [...deltas, { wire: { type: 'signature_delta', signature }, textBytes: 0 }]
    : deltas;
}

function deltaOf(block: ReplyBlock, piece: string): WireObject {
  switch (block.type) {
    case 'text':
      return { type: 'text_delta', text: piece };
    case 'thinking':
      return { type: 'thinking_delta', thinking: piece };
    case 'tool_use':
      return { type: 'input_json_delta', partial_json: piece };
  }
}

function wholeBlock(block: ReplyBlock): WireObject {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'thinking':
      return { type: 'thinking', thinking: block.text, signature };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input, caller: { type: 'direct' } };
  }
}

/** The block as `content_block_start` shows it: empty, to be filled by deltas. */
function emptyBlock(block: ReplyBlock): WireObject {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '', citations: null };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_use':
      return { ...wholeBlock(block), input: {} };
  }
}
