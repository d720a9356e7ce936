/**
 * Sends one request to the upstream and its answer to the client, byte for byte. Back-pressure is kept (a slow client pauses the
 * upstream), an abort travels both ways, nothing is re-serialised and no answer is buffered.
 * An upstream that cannot be reached is answered in Anthropic's error shape; one that fails in mid-answer cuts the client's connection behind
 * the last byte that came, as it would have been cut without us. Nothing is ever sent twice: what was written to a connection may have run.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

import type { Dispatcher } from 'undici';

import { holdEnd, writeAtOnce, type HeldEnd } from './answer-writer.ts';
import { gatherChunks } from './gather-chunks.ts';
import { answerError, gatewayAnswer, isTimeout } from './gateway-error.ts';
import { headerOf, responseHeaders } from './headers.ts';
import { UpstreamProxyError } from './upstream-proxy.ts';

export type ForwardRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: string[];
  readonly body: Buffer | Readable | null;
  /** When the client leaves, the answer is read to its end all the same: nobody gets it, and its usage is exact. */
  readonly isDrained?: boolean;
  /** The value of our one header on the answer, `x-tollkeeper-warning`; null or absent for none. */
  readonly warning?: string | null;
};

export type ForwardEnd =
  /** The answer was passed on to its last byte. */
  | { readonly kind: 'whole' }
  /** `didReach` false in any of these: nothing of the request was written to a connection, so it cannot have run. */
  | { readonly kind: 'client_left'; readonly didReach: boolean }
  /** We ended it: behind a whole event with words of our own, or where that could not be done, by its connection. */
  | { readonly kind: 'cut_short' }
  | { readonly kind: 'upstream_cut'; readonly reason: string; readonly didTimeOut: boolean }
  /** Nothing was answered. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly didReach: boolean; readonly didTimeOut: boolean };

export type ForwardEvents = {
  readonly onResponse: (status: number, rawHeaders: readonly string[]) => void;
  /** A promise: the chunk is not read yet. */
  readonly onChunk: (chunk: Buffer) => Promise<void> | undefined;
  /** After each chunk, as soon as it is read: the last words of the answer, where it is to be cut behind this one; null where it goes on. */
  readonly cutShort?: () => LastWords | null;
  /** It will be cut behind what has been passed: whatever comes now is not its client's any more. */
  readonly isEnding?: () => boolean;
  /** A promise: what has to be done before the client sees the end of a whole answer. */
  readonly onEnd: (end: ForwardEnd) => Promise<void> | undefined;
  /** Where the end of the answer waits for `onEnd`. */
  readonly holds?: Pick<HeldEnd, 'clock' | 'isEndSeen' | 'settle'>;
};

/** `none`: its connection is cut. */
export type LastWords = { readonly kind: 'words'; readonly bytes: Buffer } | { readonly kind: 'none' };

const noEvents: ForwardEvents = { onResponse: () => {}, onChunk: () => undefined, onEnd: () => undefined };

export function forward(
  upstream: Dispatcher,
  request: ForwardRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
  events: ForwardEvents = noEvents,
): void {
  /** Given at the moment in which the request is written to a connection. */
  let controller: Dispatcher.DispatchController | null = null;
  let isEnded = false;
  let isDraining = false;
  let statedBytes: number | null = null;
  const resume = () => controller?.resume();
  const { holds } = events;
  const answer = holds
    ? holdEnd(response, { ...holds, statedBytes: () => statedBytes, onRoom: resume })
    : writeAtOnce(response);

  function end(result: ForwardEnd): Promise<void> | undefined {
    if (isEnded) return undefined;
    isEnded = true;
    response.off('close', onClientGone);
    return events.onEnd(result);
  }

  function onClientGone(): void {
    if (request.isDrained && controller !== null) {
      isDraining = true;
      controller.resume();
      return;
    }
    void end({ kind: 'client_left', didReach: controller !== null });
    controller?.abort(new Error('the client left'));
  }

  const body = gatherChunks(
    (chunk) => {
      // Cut short behind an earlier chunk of the same read.
      if (isEnded || events.isEnding?.()) return;
      const read = events.onChunk(chunk);
      if (!isDraining && !answer.write(chunk, read)) controller?.pause();
      if (read === undefined) cutIfAsked();
      else if (events.cutShort) void read.then(cutIfAsked);
    },
    (fault) => controller?.abort(fault),
  );

  function cutIfAsked(): void {
    const lastWords = isEnded ? null : (events.cutShort?.() ?? null);
    if (lastWords === null) return;
    if (lastWords.kind === 'words' && !isDraining) answer.write(lastWords.bytes, undefined);
    const settled = end({ kind: 'cut_short' });
    if (lastWords.kind === 'words') answer.end(settled);
    else answer.cut(() => cut(response));
    controller?.abort(new Error('the answer was cut short'));
  }

  // It may have gone while the begin was being made durable.
  if (response.destroyed) return void end({ kind: 'client_left', didReach: false });
  response.on('close', onClientGone);
  response.on('drain', resume);

  upstream.dispatch(
    {
      method: request.method as Dispatcher.HttpMethod,
      path: request.target,
      headers: request.headers,
      body: request.body,
    },
    {
      onRequestStart: (started) => {
        if (isEnded) return started.abort(new Error('the client left'));
        controller = started;
      },
      onResponseStart: (started, status, _headers, statusText) => {
        const raw = rawTexts(started.rawHeaders);
        if (status < 200) return isDraining ? undefined : passInformation(response, status, raw);
        if (!isDraining) {
          statedBytes = lengthOf(raw);
          response.sendDate = false;
          response.writeHead(status, reasonPhrase(statusText), responseHeaders(raw, request.warning));
          flushBehindTurn(response);
        }
        events.onResponse(status, raw);
      },
      onResponseData: (_started, chunk) => body.add(chunk),
      onResponseEnd: (ended) => {
        body.flush();
        if (events.isEnding?.()) return;
        if (isDraining) return void end({ kind: 'client_left', didReach: true });
        passTrailers(response, rawTexts(ended.rawTrailers));
        answer.end(end({ kind: 'whole' }));
      },
      onResponseError: (_failed, error) => {
        body.flush();
        if (isEnded || events.isEnding?.()) return;
        const didReach = controller !== null && !(error instanceof UpstreamProxyError);
        if (isDraining) return void end({ kind: 'client_left', didReach });
        if (response.headersSent) {
          void end({ kind: 'upstream_cut', reason: error.message, didTimeOut: isTimeout(error) });
          return answer.cut(() => cut(response));
        }
        void end({ kind: 'unreachable', reason: error.message, didReach, didTimeOut: isTimeout(error) });
        answerError(response, incoming, gatewayAnswer(error, didReach));
      },
    },
  );
}

/**
 * Headers leave at once, not with the first byte of a body that may take minutes; in one packet with it when it is here already: what came with them is
 * written by a microtask that is queued before the second one.
 */
function flushBehindTurn(response: ServerResponse): void {
  queueMicrotask(() =>
    queueMicrotask(() => {
      // An answer that is whole by now has left with its headers.
      if (!response.writableEnded) response.flushHeaders();
    }),
  );
}

function lengthOf(raw: readonly string[]): number | null {
  const stated = headerOf(raw, 'content-length');
  return stated === null ? null : Number(stated);
}

/** Every byte that came is still delivered; the end of the message is not. */
function cut(response: ServerResponse): void {
  if (response.socket === null) response.destroy();
  else response.socket.destroySoon();
}

/**
 * Interim answers pass (RFC 9110 section 15.2: a proxy must forward them). Not to a client of HTTP/1.0, which knows none; `100 Continue` has been
 * given by this server already.
 */
function passInformation(response: ServerResponse, status: number, raw: readonly string[]): void {
  if (response.req.httpVersionMinor === 0 || response.headersSent) return;
  // Node has it from 24.18 on; before that an interim answer, which nobody may rely on, is dropped.
  if (typeof response.writeInformation === 'function') response.writeInformation(status, responseHeaders(raw));
}

/** undici reads it as UTF-8, Node writes Latin-1 and throws on the rest; it is for people only (RFC 9112 section 4). */
function reasonPhrase(text: string | undefined): string {
  return text !== undefined && /^[\t\x20-\x7e]*$/.test(text) ? text : '';
}

/** undici hands raw headers as buffers; HTTP/1.1 field bytes are Latin-1 on the wire, and writing them as such keeps them. */
function rawTexts(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function passTrailers(response: ServerResponse, raw: readonly string[]): void {
  if (raw.length > 0) response.addTrailers(pairsOf(raw));
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? '']);
}
