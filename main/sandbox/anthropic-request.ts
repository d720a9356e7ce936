/**
 * What the simulated Anthropic takes and what it refuses, in Anthropic's words. Reads the body of `/v1/messages` and of its `count_tokens`;
 * answers nothing itself. Rules and sources: facts/anthropic.md sections 3 to 5.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { periodAt, type ModelPrices } from '../../shared/pricing/price-book.ts';
import { isWireObject, readText, type WireObject } from '../../shared/usage.ts';
import type { Refusal } from './anthropic-errors.ts';
import { hourMs, promptBlocks, promptTokensOf, type PromptBlock } from './anthropic-prompt.ts';

export type AcceptedRequest = {
  readonly request: WireObject;
  readonly model: ModelPrices;
  readonly blocks: readonly PromptBlock[];
  readonly promptTokens: number;
};

export type ReadRequest =
  | { readonly kind: 'accepted'; readonly accepted: AcceptedRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** `isMessage` is false for `count_tokens`, which asks for no answer and so for no `max_tokens`. */
export type RequestBody = {
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
  readonly isMessage: boolean;
  readonly nowMs: number;
};

const bodyBytesMax = 32 * 1024 * 1024;
const cacheMarksMax = 4;
/** For models of which the book knows no window. */
const windowTokensDefault = 200_000;

class Refused extends Error {
  readonly refusal: Refusal;

  constructor(status: number, message: string, errorCode?: string) {
    super(message);
    this.refusal = errorCode === undefined ? { status, message } : { status, message, errorCode };
  }
}

export function readRequest({ body, headers, isMessage, nowMs }: RequestBody): ReadRequest {
  try {
    const request = parse(decode(body, headers['content-encoding']));
    const model = modelOf(request);
    checkMessages(request);
    if (isMessage) checkAnswer(request, model, nowMs);
    const blocks = promptBlocks(request);
    checkCacheMarks(blocks);
    const promptTokens = checkWindow(blocks, model);
    return { kind: 'accepted', accepted: { request, model, blocks, promptTokens } };
  } catch (error) {
    // Only the refusals thrown below are answers; anything else is a bug and must surface.
    if (error instanceof Refused) return { kind: 'refused', refusal: error.refusal };
    throw error;
  }
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  const limit = { maxOutputLength: bodyBytesMax };
  if (body.length > bodyBytesMax) throw new Refused(413, 'Request exceeds the maximum size');
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync, zstd: zstdDecompressSync };
  if (encoding === undefined || encoding === 'identity') return body;
  if (!Object.hasOwn(decoders, encoding))
    throw new Refused(400, `Unsupported Content-Encoding: ${encoding}`, 'request_body_encoding_unsupported');
  try {
    return decoders[encoding as keyof typeof decoders](body, limit);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused(413, 'Request exceeds the maximum size', 'request_body_too_large_after_decoding');
    throw new Refused(400, `The request body is not valid ${encoding}.`, 'request_body_encoding_invalid');
  }
}

function parse(body: Buffer): WireObject {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isWireObject(value)) return value;
  } catch {
    // Refused below, as is JSON that is no object.
  }
  throw new Refused(400, 'The request body is not valid JSON: expected an object.');
}

function modelOf(request: WireObject): ModelPrices {
  const name = readText(request['model']);
  if (name === null) throw new Refused(400, 'model: Field required');
  const model = currentBook.find(name);
  if (!model) throw new Refused(404, `model: ${name}`);
  return model;
}

function checkMessages(request: WireObject): void {
  const messages = request['messages'];
  if (!Array.isArray(messages)) throw new Refused(400, 'messages: Field required');
  if (messages.length === 0) throw new Refused(400, 'messages: at least one message is required');
  for (const [index, message] of messages.entries()) {
    const { role, content } = isWireObject(message) ? message : {};
    if (role !== 'user' && role !== 'assistant')
      throw new Refused(400, `messages.${index}.role: Input should be 'user' or 'assistant'`);
    if (typeof content !== 'string' && !Array.isArray(content))
      throw new Refused(400, `messages.${index}.content: Field required`);
  }
}

function checkAnswer(request: WireObject, model: ModelPrices, nowMs: number): void {
  const maxTokens = request['max_tokens'];
  if (maxTokens === undefined) throw new Refused(400, 'max_tokens: Field required');
  if (typeof maxTokens !== 'number' || !Number.isSafeInteger(maxTokens) || maxTokens < 0)
    throw new Refused(400, 'max_tokens: Input should be a non-negative integer');
  const most = model.maxOutputTokens ?? maxTokens;
  if (maxTokens > most) {
    const limit = `which is the maximum allowed number of output tokens for ${model.id}`;
    throw new Refused(400, `max_tokens: ${maxTokens} > ${most}, ${limit}`);
  }
  if (request['speed'] === 'fast' && periodAt(model, nowMs).fast === null)
    throw new Refused(400, `speed: ${model.id} does not support fast mode`);
  if (request['inference_geo'] === 'us' && model.usGeoTenths === null)
    throw new Refused(400, `inference_geo: not supported by ${model.id}`);
}

function checkCacheMarks(blocks: readonly PromptBlock[]): void {
  const marks = blocks.map(({ ttlMs }) => ttlMs).filter((ttlMs) => ttlMs !== null);
  if (marks.length > cacheMarksMax)
    throw new Refused(
      400,
      `A maximum of ${cacheMarksMax} blocks with cache_control may be provided. Found ${marks.length}.`,
    );
  const lastHour = marks.lastIndexOf(hourMs);
  if (marks.slice(0, Math.max(0, lastHour)).some((ttlMs) => ttlMs !== hourMs))
    throw new Refused(400, "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block");
}

function checkWindow(blocks: readonly PromptBlock[], model: ModelPrices): number {
  const tokens = promptTokensOf(blocks);
  const window = model.contextWindowTokens ?? windowTokensDefault;
  if (tokens > window) throw new Refused(400, `prompt is too long: ${tokens} tokens > ${window} maximum`);
  return tokens;
}
