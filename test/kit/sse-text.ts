/** Streams as Anthropic sends them, written out for tests. */
export function sse(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function messageStart(usage: object, model = 'claude-sonnet-5-5', id = 'msg_test'): string {
  return sse('message_start', {
    type: 'message_start',
    message: { id, type: 'message', role: 'assistant', model, content: [], usage },
  });
}

export function textDelta(text: string): string {
  return sse('content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
}

export function messageDelta(usage: object, stopReason = 'end_turn'): string {
  return sse('message_delta', {
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage,
  });
}

export const messageStop = sse('message_stop', { type: 'message_stop' });

export const wholeStream = [
  messageStart({ input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 900, output_tokens: 1 }),
  sse('content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  sse('ping', { type: 'ping' }),
  textDelta('Grüße, '),
  textDelta('Welt 🌍'),
  sse('content_block_stop', { type: 'content_block_stop', index: 0 }),
  messageDelta({ output_tokens: 15 }),
  messageStop,
].join('');
