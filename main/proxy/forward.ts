/**
 * Sends one request to the upstream and its answer to the client, byte for byte. Back-pressure is kept (a slow client pauses the
 * upstream), an abort travels both ways, nothing is re-serialised and no answer is buffered.
 * An upstream that cannot be reached is answered in Anthropic's error shape; one that fails in mid-answer cuts the client's connection,
 * as it would have been cut without us.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

import { errors, type Dispatcher } from 'undici';

import { holdEnd, writeAtOnce, type HeldEnd } from './answer-writer.ts';
import { gatewayError } from './gateway-error.ts';
import { headerOf, responseHeaders } from './headers.ts';

export type ForwardRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: string[];
  readonly body: Buffer | Readable | null;
  /** When the client leaves, the answer is read to its end all the same: nobody gets it, and its usage is exact. */
  readonly isDrained?: boolean;
};

export type ForwardEnd =
  /** The answer was passed on to its last byte. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'client_left' }
  | { readonly kind: 'upstream_cut'; readonly reason: string }
  /** Nothing was answered; `didReach` false means the request never left for the upstream. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly didReach: boolean };

export type ForwardEvents = {
  readonly onResponse: (status: number, rawHeaders: readonly string[]) => void;
  /** A promise: the chunk is not read yet. */
  readonly onChunk: (chunk: Buffer) => Promise<void> | undefined;
  /** A promise: what has to be done before the client sees the end of a whole answer. */
  readonly onEnd: (end: ForwardEnd) => Promise<void> | undefined;
  /** Where the end of the answer waits for `onEnd`. */
  readonly holds?: Pick<HeldEnd, 'clock' | 'isEndSeen'>;
};

const noEvents: ForwardEvents = { onResponse: () => {}, onChunk: () => undefined, onEnd: () => undefined };

export function forward(
  upstream: Dispatcher,
  request: ForwardRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
  events: ForwardEvents = noEvents,
): void {
  let controller: Dispatcher.DispatchController | null = null;
  let isEnded = false;
  let isDraining = false;
  let statedBytes: number | null = null;
  const { holds } = events;
  const answer = holds
    ? holdEnd(response, { ...holds, statedBytes: () => statedBytes, onRoom: resume })
    : writeAtOnce(response);

  function resume(): void {
    controller?.resume();
  }

  function end(result: ForwardEnd): Promise<void> | undefined {
    if (isEnded) return undefined;
    isEnded = true;
    response.off('close', onClientGone);
    return events.onEnd(result);
  }

  function onClientGone(): void {
    if (request.isDrained) {
      isDraining = true;
      controller?.resume();
      return;
    }
    void end({ kind: 'client_left' });
    controller?.abort(new Error('the client left'));
  }

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
        controller = started;
        if (isEnded) started.abort(new Error('the client left'));
      },
      onResponseStart: (started, status, _headers, statusText) => {
        const raw = rawTexts(started.rawHeaders);
        if (isDraining) {
          if (status >= 200) events.onResponse(status, raw);
          return;
        }
        if (status < 200) return passInformation(response, status, raw);
        statedBytes = lengthOf(raw);
        response.sendDate = false;
        response.writeHead(status, statusText ?? '', responseHeaders(raw));
        // Headers leave at once, not with the first byte of a body that may take minutes; in one packet with it when it is here already.
        queueMicrotask(() => response.flushHeaders());
        events.onResponse(status, raw);
      },
      onResponseData: (started, chunk) => {
        const read = events.onChunk(chunk);
        if (!isDraining && !answer.write(chunk, read)) started.pause();
      },
      onResponseEnd: (ended) => {
        if (isDraining) return void end({ kind: 'client_left' });
        const trailers = rawTexts(ended.rawTrailers);
        if (trailers.length > 0) response.addTrailers(pairsOf(trailers));
        answer.end(end({ kind: 'whole' }));
      },
      onResponseError: (_failed, error) => {
        if (isEnded) return;
        if (isDraining) return void end({ kind: 'client_left' });
        if (response.headersSent) {
          void end({ kind: 'upstream_cut', reason: error.message });
          return answer.cut(() => response.destroy());
        }
        void end({ kind: 'unreachable', reason: error.message, didReach: !isConnectFailure(error) });
        gatewayError(response, incoming, error);
      },
    },
  );
}

function lengthOf(raw: readonly string[]): number | null {
  const stated = headerOf(raw, 'content-length');
  return stated === null ? null : Number(stated);
}

/** Early hints are the one interim answer with a use for the client; `100 Continue` has been given by this server already. */
function passInformation(response: ServerResponse, status: number, raw: readonly string[]): void {
  const link = headerOf(raw, 'link');
  if (status === 103 && link !== null) response.writeEarlyHints({ link });
}

function isConnectFailure(error: Error): boolean {
  if (error instanceof errors.ConnectTimeoutError) return true;
  const code = (error as Error & { code?: unknown }).code;
  return (
    typeof code === 'string' &&
    /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(
      code,
    )
  );
}

/** undici hands raw headers as buffers; HTTP/1.1 field bytes are Latin-1 on the wire, and writing them as such keeps them. */
function rawTexts(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? '']);
}
