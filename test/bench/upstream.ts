/**
 * The far side of a bench, a process of its own: answers as fast as it can from bytes prepared beforehand, over raw sockets, so that it is never
 * what is measured. Prints its port.
 *
 * `/v1/messages` with "stream":true gets 200 deltas in as many writes as the sockets take; with the header `x-bench-pace-ms: N` a delta every
 * N milliseconds, each with the instant at which it was sent (`sent-at.ts`). Every answer has a message id and a request id of its own, since
 * the ledger counts one message once; they are spread like real ones, so that the ledger's index does not grow at its end only.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { messageDelta, messageStart, messageStop, textDelta } from '../kit/sse-text.ts';
import { noInstant, stampInstant } from './sent-at.ts';

const usage = {
  input_tokens: 1_200,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 40_000,
  output_tokens: 1,
  service_tier: 'standard',
};
/** Eight hex digits of a real id's length are replaced in each answer. */
const idDigits = '########';
const messageId = `msg_01Bench${'0'.repeat(9)}${idDigits}`;
const requestId = `req_01Bench${'0'.repeat(9)}${idDigits}`;
const model = 'claude-sonnet-5-5';
const message = {
  id: messageId,
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'x'.repeat(1_000) }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { ...usage, output_tokens: 300 },
};

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const json = JSON.stringify(message);
const jsonAnswer = prepare(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: ${requestId}\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
);
const streamStart =
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: ${requestId}\r\ntransfer-encoding: chunked\r\n\r\n` +
  chunk(messageStart(usage, model, messageId));
const streamEnd = `${chunk(messageDelta({ output_tokens: 1_000 }) + messageStop)}0\r\n\r\n`;
const deltas = Array.from({ length: 200 }, (_, index) => chunk(textDelta(`word ${index} and more `)));

/** Deltas a turn of the loop: streams come in pieces, not in one. */
const deltasPerTurn = 20;
const streamTurns = Array.from({ length: deltas.length / deltasPerTurn }, (_, turn) =>
  deltas.slice(turn * deltasPerTurn, (turn + 1) * deltasPerTurn).join(''),
);
const firstTurn = prepare(streamStart + (streamTurns[0] ?? ''));
const laterTurns = [...streamTurns.slice(1), streamEnd].map((text) => Buffer.from(text));
const pacedStart = prepare(streamStart);
const pacedDelta = Buffer.from(chunk(textDelta(`${noInstant} and more `)));
const pacedEnd = Buffer.from(streamEnd);

createServer((socket) => {
  socket.setNoDelay(true);
  let pending: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  let missingBytes = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    // A large body is gathered in pieces: joining it anew at each would make this process the slow one.
    if (missingBytes > data.length) {
      parts.push(data);
      missingBytes -= data.length;
      return;
    }
    pending = pending.length + parts.length === 0 ? data : Buffer.concat([pending, ...parts, data]);
    parts = [];
    missingBytes = 0;
    while (pending.length > 0) {
      const { headBytes, bytes } = measureRequest(pending);
      if (headBytes === 0 || bytes > pending.length) {
        missingBytes = headBytes === 0 ? 0 : bytes - pending.length;
        return;
      }
      answer(socket, pending.subarray(0, bytes), headBytes);
      pending = pending.subarray(bytes);
    }
  });
}).listen(0, '127.0.0.1', function (this: { address: () => unknown }) {
  console.log((this.address() as AddressInfo).port);
});

/** Bytes of the head and of the whole first request; 0 while the head is not there. */
function measureRequest(bytes: Buffer): { headBytes: number; bytes: number } {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return { headBytes: 0, bytes: 0 };
  const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1] ?? 0);
  return { headBytes: head + 4, bytes: head + 4 + length };
}

/** The load names what it wants in the first bytes of its body. */
const bodyStartBytes = 200;

function answer(socket: Socket, request: Buffer, headBytes: number): void {
  const isStream = request.subarray(headBytes, headBytes + bodyStartBytes).includes('"stream":true');
  if (!isStream) return void socket.write(withOwnIds(jsonAnswer));
  const pace = /x-bench-pace-ms: (\d+)/i.exec(request.toString('latin1', 0, headBytes))?.[1];
  if (pace !== undefined) return sendPaced(socket, Number(pace));
  socket.write(withOwnIds(firstTurn));
  setImmediate(sendTurn, socket, 0);
}

function sendTurn(socket: Socket, turn: number): void {
  const bytes = laterTurns[turn];
  if (socket.destroyed || bytes === undefined) return;
  socket.write(bytes);
  if (turn + 1 < laterTurns.length) setImmediate(sendTurn, socket, turn + 1);
}

function sendPaced(socket: Socket, paceMs: number): void {
  socket.write(withOwnIds(pacedStart));
  let sent = 0;
  const timer = setInterval(() => {
    if (sent === deltas.length || socket.destroyed) {
      clearInterval(timer);
      if (!socket.destroyed) socket.write(pacedEnd);
      return;
    }
    sent += 1;
    const delta = Buffer.from(pacedDelta);
    stampInstant(delta);
    socket.write(delta);
  }, paceMs);
}

type Prepared = { readonly bytes: Buffer; readonly idsAt: readonly number[] };

function prepare(text: string): Prepared {
  const bytes = Buffer.from(text);
  const idsAt: number[] = [];
  for (let at = bytes.indexOf(idDigits); at !== -1; at = bytes.indexOf(idDigits, at + 1)) idsAt.push(at);
  return { bytes, idsAt };
}

/** Odd, so that multiplying by it visits all of the 2^32 ids before one comes again (Knuth's multiplicative hash). */
const spread = 2_654_435_761;
let answers = 0;

function withOwnIds({ bytes, idsAt }: Prepared): Buffer {
  answers += 1;
  const digits = (Math.imul(answers, spread) >>> 0).toString(16).padStart(idDigits.length, '0');
  const own = Buffer.from(bytes);
  for (const at of idsAt) own.write(digits, at, 'latin1');
  return own;
}
