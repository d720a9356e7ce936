/**
 * Turns what Anthropic answered into an observation: model, usage, how it ended. Follows the merge rules of facts/anthropic.md
 * sections 1 and 2. Knows no prices and no ledger; unknown events and fields are passed over, never an error.
 *
 * A streamed message is `open` until `message_start`, `started` until `message_stop` or an `error` event, then `ended`.
 * What the stream had told when it was cut is what is known: exact input and cache counts, and the output estimated from its bytes.
 */
import type { OutputCalibration } from '../../shared/output-estimate.ts';
import {
  isWireObject,
  mergeUsage,
  readCount,
  readText,
  readUsage,
  type Usage,
  type WireObject,
} from '../../shared/usage.ts';
import { createSseReader, utf8Of } from './sse.ts';

/** What has been learnt so far; read while the call runs for the live meter, and once at its end. */
export type Progress = {
  model: string | null;
  messageId: string | null;
  usage: WireObject | null;
  stopReason: string | null;
  errorType: string | null;
  /** The message is whole: `message_stop` was seen, or a JSON body was read to its end. */
  isWhole: boolean;
  /** Text, thinking and tool input seen in deltas, and tool blocks seen to begin. */
  generated: { textCharacters: number; toolInputCharacters: number; toolBlocks: number };
  /** Why nothing could be read, if so. */
  unreadable: string | null;
};

export type OutputEstimate = OutputCalibration['estimate'];

export type Observer = { readonly write: (chunk: Buffer) => void; readonly end: () => void };

/** A JSON answer larger than this is passed on and left unread; the largest real ones are a few megabytes. */
const jsonBytesMax = 64 * 1024 * 1024;

export function createProgress(): Progress {
  return {
    model: null,
    messageId: null,
    usage: null,
    stopReason: null,
    errorType: null,
    isWhole: false,
    generated: { textCharacters: 0, toolInputCharacters: 0, toolBlocks: 0 },
    unreadable: null,
  };
}

export function usageOf(progress: Progress): Usage {
  return readUsage(progress.usage);
}

export function observeStream(progress: Progress): Observer {
  const reader = createSseReader(
    ({ name, data }) => onStreamEvent(progress, name, data),
    () => {
      progress.unreadable = 'The stream held a line beyond 64 MB.';
    },
  );
  return reader;
}

export function observeJson(progress: Progress): Observer {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      if (bytes <= jsonBytesMax) chunks.push(chunk);
      else chunks = [];
    },
    end: () => {
      if (bytes > jsonBytesMax) progress.unreadable = 'The answer was larger than 64 MB.';
      else if (bytes > 0) readJsonAnswer(progress, Buffer.concat(chunks));
    },
  };
}

function readJsonAnswer(progress: Progress, body: Buffer): void {
  const answer = parseObject(body.toString('utf8'));
  if (!answer) {
    progress.unreadable = 'The answer is not JSON.';
    return;
  }
  if (answer['type'] === 'error') {
    noteError(progress, answer);
    return;
  }
  noteMessage(progress, answer);
  progress.stopReason = readText(answer['stop_reason']);
  progress.isWhole = true;
}

/** `data` is bytes as Latin-1 text; only what is parsed is decoded. */
function onStreamEvent(progress: Progress, name: string, data: string): void {
  // Deltas are nine tenths of a stream and need no parsing: only how much they generated is counted.
  if (name === 'content_block_delta') {
    noteGenerated(progress, data);
    return;
  }
  if (name === 'ping' || name === 'content_block_stop') return;
  const event = parseObject(utf8Of(data));
  if (!event) return;
  switch (event['type']) {
    case 'message_start':
      if (isWireObject(event['message'])) noteMessage(progress, event['message']);
      return;
    case 'content_block_start':
      return noteBlock(progress, event['content_block']);
    case 'content_block_delta':
      return noteGenerated(progress, data);
    case 'message_delta':
      return noteMessageDelta(progress, event);
    case 'message_stop':
      progress.isWhole = true;
      return;
    case 'error':
      return noteError(progress, event);
    default:
  }
}

function noteMessage(progress: Progress, message: WireObject): void {
  progress.model = readText(message['model']) ?? progress.model;
  progress.messageId = readText(message['id']) ?? progress.messageId;
  if (isWireObject(message['usage'])) progress.usage = message['usage'];
}

function noteMessageDelta(progress: Progress, event: WireObject): void {
  const delta = isWireObject(event['delta']) ? event['delta'] : {};
  progress.stopReason = readText(delta['stop_reason']) ?? progress.stopReason;
  if (isWireObject(event['usage'])) progress.usage = mergeUsage(progress.usage ?? {}, event['usage']);
}

/**
 * A tool call costs more than its input tells. A fallback in mid-stream: `message_start` named the requested model, the block names the one that
 * serves (facts section 2).
 */
function noteBlock(progress: Progress, block: unknown): void {
  if (!isWireObject(block)) return;
  if (block['type'] === 'tool_use' || block['type'] === 'server_tool_use') progress.generated.toolBlocks += 1;
  if (block['type'] !== 'fallback') return;
  const serving = isWireObject(block['to']) ? readText(block['to']['model']) : null;
  progress.model = serving ?? progress.model;
}

function noteError(progress: Progress, answer: WireObject): void {
  const error = isWireObject(answer['error']) ? answer['error'] : {};
  progress.errorType = readText(error['type']) ?? 'error';
}

const textFields = ['"text":"', '"thinking":"'];
const toolInputField = '"partial_json":"';

function noteGenerated({ generated }: Progress, data: string): void {
  for (const field of textFields) {
    const at = data.indexOf(field);
    if (at !== -1) return void (generated.textCharacters += charactersFrom(data, at + field.length));
  }
  const at = data.indexOf(toolInputField);
  if (at !== -1) generated.toolInputCharacters += charactersFrom(data, at + toolInputField.length);
}

const quote = 0x22;
const backslash = 0x5c;
const letterU = 0x75;

/**
 * Characters of a JSON text up to its closing quote. `data` is bytes as Latin-1 text: the bytes that continue a UTF-8 character (10xxxxxx) are not
 * counted, an escape is one character.
 */
function charactersFrom(data: string, from: number): number {
  let characters = 0;
  for (let index = from; index < data.length; index++) {
    const code = data.charCodeAt(index);
    if (code === quote) break;
    if (code === backslash) index += data.charCodeAt(index + 1) === letterU ? 5 : 1;
    if ((code & 0xc0) !== 0x80) characters += 1;
  }
  return characters;
}

function parseObject(text: string): WireObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isWireObject(value) ? value : null;
  } catch {
    // Not JSON: an event of a kind we do not know, or an error page of something between us and Anthropic.
    return null;
  }
}

/** Output tokens at any moment: what Anthropic last reported, or what the generated text comes to, whichever is more. */
export function outputTokensSoFar({ model, usage, generated }: Progress, estimate: OutputEstimate): number {
  return Math.max(readCount(usage?.['output_tokens']), estimate(model, generated));
}
