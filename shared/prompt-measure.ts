/**
 * What a Messages request is made of, in one pass over its parsed body: text by what stands in it, images and documents by their own rules, what the
 * body names and does not show. Pure. Plain numbers only: nothing of the content is kept. It never throws on what a client sends.
 *
 * Where the request holds a compaction block, Anthropic reads nothing before it (facts/anthropic.md section 9), and neither is it counted here.
 */
import { imageSizeOf, imageTokens, pdfPagesOf, pdfTokens } from './media-tokens.ts';
import { emptyTextMeasure, measureText, sparse, thorough, type TextMeasure } from './text-measure.ts';
import { isWireObject, readText, type WireObject } from './usage.ts';

export type PromptMeasure = {
  readonly model: string | null;
  readonly text: TextMeasure;
  /** Of all texts. */
  characters: number;
  messages: number;
  /** Calls of tools and their results, wherever they stand. */
  toolCalls: number;
  toolResults: number;
  /** Tools the client runs, and those that Anthropic runs and that add to the prompt while the call runs. */
  clientTools: number;
  serverTools: number;
  /** The model must call a tool; Anthropic's own instructions for that are of another length. */
  isToolForced: boolean;
  hasSystem: boolean;
  /** Anthropic adds instructions of its own for each of these. */
  hasThinking: boolean;
  hasOutputSchema: boolean;
  hasCitations: boolean;
  images: number;
  documents: number;
  /** Of images and PDFs that stand in the body. */
  mediaTokens: number;
  /** Images and documents named by address or file id: nothing of their size is in the body. */
  unseenImages: number;
  unseenDocuments: number;
  /** The body continues a message thread: what was said before is with Anthropic alone. */
  isThread: boolean;
  /** The client asked Anthropic to shorten the context on the way (context editing or compaction). */
  isEdited: boolean;
  /** The longest life that the request asks the prompt cache for; null without a cache mark. */
  cacheLifetime: '5m' | '1h' | null;
};

/** Deeper JSON is no tool call that anybody made. */
const depthMax = 100;

export function measurePrompt(request: WireObject): PromptMeasure {
  const measure = emptyMeasure(readText(request['model']));
  const messages = afterCompaction(listOf(request['messages']));
  measure.messages = messages.length;
  measureSystem(measure, request['system']);
  for (const message of messages) if (isWireObject(message)) measureContent(measure, message['content']);
  measureTools(measure, request);
  measureOptions(measure, request);
  return measure;
}

function emptyMeasure(model: string | null): PromptMeasure {
  return {
    model,
    text: emptyTextMeasure(),
    characters: 0,
    messages: 0,
    toolCalls: 0,
    toolResults: 0,
    clientTools: 0,
    serverTools: 0,
    isToolForced: false,
    hasSystem: false,
    hasThinking: false,
    hasOutputSchema: false,
    hasCitations: false,
    images: 0,
    documents: 0,
    mediaTokens: 0,
    unseenImages: 0,
    unseenDocuments: 0,
    isThread: false,
    isEdited: false,
    cacheLifetime: null,
  };
}

function afterCompaction(messages: readonly unknown[]): readonly unknown[] {
  const isCompacted = (message: unknown) =>
    isWireObject(message) &&
    listOf(message['content']).some((block) => isWireObject(block) && block['type'] === 'compaction');
  const last = messages.findLastIndex(isCompacted);
  return last < 0 ? messages : messages.slice(last);
}

function measureSystem(measure: PromptMeasure, system: unknown): void {
  measure.hasSystem = typeof system === 'string' ? system !== '' : listOf(system).length > 0;
  measureContent(measure, system);
}

/** A string, or a list of blocks. */
function measureContent(measure: PromptMeasure, content: unknown): void {
  if (typeof content === 'string') return addText(measure, content);
  for (const block of listOf(content)) if (isWireObject(block)) measureBlock(measure, block);
}

function measureBlock(measure: PromptMeasure, block: WireObject): void {
  noteCacheMark(measure, block);
  switch (block['type']) {
    case 'text':
    case 'compaction':
      return measureContent(measure, block['text'] ?? block['content']);
    case 'thinking':
      // Its signature is checked, not read.
      return measureContent(measure, block['thinking']);
    case 'redacted_thinking':
      return;
    case 'image':
      return measureImage(measure, block['source']);
    case 'document':
    case 'search_result':
      return measureDocument(measure, block);
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      measure.toolCalls++;
      measureJson(measure, block['name'], 0);
      return measureJson(measure, block['input'], 0);
    case 'tool_result':
      measure.toolResults++;
      return measureContent(measure, block['content']);
    default:
      return measureJson(measure, withoutMarks(block), 0);
  }
}

function measureImage(measure: PromptMeasure, source: unknown): void {
  const data = isWireObject(source) && source['type'] === 'base64' ? readText(source['data']) : null;
  if (data === null) {
    measure.unseenImages++;
    return;
  }
  measure.images++;
  measure.mediaTokens += imageTokens(measure.model, imageSizeOf(data));
}

function measureDocument(measure: PromptMeasure, block: WireObject): void {
  const citations = isWireObject(block['citations']) ? block['citations'] : {};
  if (citations['enabled'] === true) measure.hasCitations = true;
  measureContent(measure, block['title']);
  measureContent(measure, block['context']);
  measureContent(measure, block['content']);
  const source = block['source'];
  if (!isWireObject(source)) return measureContent(measure, source);
  measure.documents++;
  const data = readText(source['data']);
  if (source['type'] === 'base64' && data !== null) measure.mediaTokens += pdfTokens(measure.model, pdfPagesOf(data));
  else if (source['type'] === 'text' || source['type'] === 'content')
    measureContent(measure, data ?? source['content']);
  else measure.unseenDocuments++;
}

/** A tool that carries no schema of its own is one of Anthropic's, which it describes to the model itself. */
function measureTools(measure: PromptMeasure, request: WireObject): void {
  for (const tool of listOf(request['tools'])) {
    if (!isWireObject(tool)) continue;
    noteCacheMark(measure, tool);
    if (tool['input_schema'] === undefined) measure.serverTools++;
    else measure.clientTools++;
    measureJson(measure, withoutMarks(tool), 0);
  }
  const choice = isWireObject(request['tool_choice']) ? request['tool_choice']['type'] : 'auto';
  measure.isToolForced = choice === 'any' || choice === 'tool';
}

function measureOptions(measure: PromptMeasure, request: WireObject): void {
  noteCacheMark(measure, request);
  const thinking = isWireObject(request['thinking']) ? request['thinking'] : {};
  const output = isWireObject(request['output_config']) ? request['output_config'] : {};
  const format = output['format'] ?? request['output_format'];
  const thread = isWireObject(request['thread']) ? request['thread'] : {};
  measure.hasThinking = thinking['type'] === 'enabled';
  measure.hasOutputSchema = isWireObject(format);
  if (isWireObject(format)) measureJson(measure, format['schema'], 0);
  measure.isThread = thread['type'] === 'continue';
  measure.isEdited = isWireObject(request['context_management']);
}

function noteCacheMark(measure: PromptMeasure, marked: WireObject): void {
  const mark = marked['cache_control'];
  if (isWireObject(mark) && measure.cacheLifetime !== '1h') measure.cacheLifetime = mark['ttl'] === '1h' ? '1h' : '5m';
}

/** JSON as it would be written out, without writing it: keys, values and what stands between them. */
function measureJson(measure: PromptMeasure, value: unknown, depth: number): void {
  const into = measure.text;
  if (typeof value === 'string') {
    into.symbols += 2;
    addText(measure, value);
  } else if (typeof value === 'number' || typeof value === 'boolean') addText(measure, String(value));
  else if (depth >= depthMax) return;
  else if (Array.isArray(value)) {
    into.symbols += 1 + value.length;
    for (const item of value as readonly unknown[]) measureJson(measure, item, depth + 1);
  } else if (isWireObject(value)) {
    for (const [key, part] of Object.entries(value)) {
      into.symbols += 4;
      addText(measure, key);
      measureJson(measure, part, depth + 1);
    }
  }
}

/** Characters of a prompt from which on its texts are measured by fewer samples: about the default context limit. */
const largePromptCharacters = 300_000;

function addText(measure: PromptMeasure, text: string): void {
  measureText(measure.text, text, measure.characters > largePromptCharacters ? sparse : thorough);
  measure.characters += text.length;
}

function withoutMarks({ cache_control: _mark, ...rest }: WireObject): WireObject {
  return rest;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
