/**
 * The far side of a bench, a process of its own: answers as fast as it can from bytes prepared beforehand, over raw sockets, so that it is never
 * what is measured. Prints its port. `/v1/messages` with "stream":true gets 200 deltas in as many writes as the sockets take.
 */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import { messageDelta, messageStart, messageStop, textDelta } from '../kit/sse-text.ts';

const usage = {
  input_tokens: 1_200,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 40_000,
  output_tokens: 1,
  service_tier: 'standard',
};
const message = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'x'.repeat(1_000) }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { ...usage, output_tokens: 300 },
};
const json = Buffer.from(JSON.stringify(message));
const jsonAnswer = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_bench\r\ncontent-length: ${json.length}\r\n\r\n`,
  ),
  json,
]);

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n';
const streamChunks = [
  streamHead + chunk(messageStart(usage)),
  ...Array.from({ length: 200 }, (_, index) => chunk(textDelta(`word ${index} and more `))),
  `${chunk(messageDelta({ output_tokens: 1_000 }) + messageStop)}0\r\n\r\n`,
].map((text) => Buffer.from(text));

/** Deltas a turn of the loop: streams come in pieces, not in one. */
const chunksPerTurn = 20;

createServer((socket) => {
  socket.setNoDelay(true);
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    for (let end = requestEnd(pending); end > 0; end = requestEnd(pending)) {
      const isStream = pending.subarray(0, end).includes('"stream":true');
      pending = pending.subarray(end);
      if (isStream) sendStream(socket, 0);
      else socket.write(jsonAnswer);
    }
  });
}).listen(0, '127.0.0.1', function (this: { address: () => unknown }) {
  console.log((this.address() as AddressInfo).port);
});

/** Length of the first whole request in `bytes`, or 0. */
function requestEnd(bytes: Buffer): number {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return 0;
  const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return bytes.length >= end ? end : 0;
}

function sendStream(socket: Socket, from: number): void {
  if (socket.destroyed) return;
  socket.write(Buffer.concat(streamChunks.slice(from, from + chunksPerTurn)));
  if (from + chunksPerTurn < streamChunks.length) setImmediate(sendStream, socket, from + chunksPerTurn);
}
