/**
 * Answers what is no HTTP request at all, or one that could be read in two ways: refused with a 4xx in Anthropic's error shape, and the connection
 * closed, since nobody knows where its next request would begin. The server lives.
 * Answers that were asked for before it on the same connection still come first.
 */
import { STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Clock } from '../system/clock.ts';
import type { OpenCalls } from './client-connections.ts';
import { answerError, errorBody, type ErrorAnswer } from './gateway-error.ts';

/** What a refused client still sends is read and dropped for this long: closing at once would reset the connection and lose the answer. */
const lingerMs = 1_000;

export function refuseMalformed(server: Server, calls: OpenCalls, clock: Clock): void {
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Whatever follows on a connection that has been refused is as unreadable.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') return void socket.destroy();
    const answer = malformedAnswer(error.code ?? '');
    const earlier = calls.on(socket);
    const last = earlier.at(-1);
    if (last === undefined) return end(socket, answer, clock);
    if (last.req.complete) return void last.once('close', () => end(socket, answer, clock));
    // The body of a request that is already here went wrong.
    if (last.headersSent || earlier.length > 1) return void socket.destroy();
    last.shouldKeepAlive = false;
    answerError(last, last.req, answer);
  });
  server.on('checkExpectation', (request, response) =>
    answerError(response, request, invalid(417, 'The only expectation that can be met is 100-continue.')),
  );
  server.on('connect', (_request, socket) => {
    const sentence =
      'Tollkeeper is no forward proxy. Set ANTHROPIC_BASE_URL to its address, and take it out of HTTPS_PROXY and HTTP_PROXY.';
    end(socket, { status: 405, type: 'invalid_request_error', sentence }, clock);
  });
}

function malformedAnswer(code: string): ErrorAnswer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return invalid(431, 'The request line and headers are larger than 64 KB.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { ...invalid(413, 'The chunk extensions of the body are too large.'), type: 'request_too_large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { ...invalid(408, 'The headers of the request did not arrive in time.'), type: 'timeout_error' };
    default:
      return invalid(400, `This is no valid HTTP/1.1 request (${code}). Speak http:// to this address, not https://.`);
  }
}

function invalid(status: number, sentence: string): ErrorAnswer {
  return { status, type: 'invalid_request_error', sentence: `Tollkeeper: ${sentence}` };
}

function end(socket: Duplex, answer: ErrorAnswer, clock: Clock): void {
  const body = errorBody(answer);
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  // A client that resets the connection now loses only the answer to its own nonsense.
  socket.on('error', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
  clock.after(lingerMs, () => socket.destroy());
}
