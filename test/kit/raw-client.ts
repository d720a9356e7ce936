/** A client by hand: one socket, bytes in and bytes out, so that a test may send what no HTTP client would. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type RawClient = {
  readonly socket: Socket;
  readonly send: (text: string | Buffer) => void;
  /** Everything that has arrived, once it matches; rejects when the connection ends before. As Latin-1 text. */
  readonly until: (pattern: RegExp) => Promise<string>;
  /** Everything that arrived until the connection ended, by its end or by a reset. */
  readonly all: () => Promise<string>;
};

export async function openClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  let text = '';
  let isOver = false;
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
    socket.emit('arrived');
  });
  const onOver = () => {
    isOver = true;
    socket.emit('arrived');
  };
  socket.on('end', onOver).on('close', onOver);
  // A reset is an end like any other here.
  socket.on('error', () => {});

  async function until(isEnough: () => boolean): Promise<string> {
    while (!isEnough() && !isOver) await once(socket, 'arrived');
    return text;
  }

  return {
    socket,
    send: (bytes) => socket.write(bytes),
    until: async (pattern) => {
      const arrived = await until(() => pattern.test(text));
      if (!pattern.test(arrived)) throw new Error(`the connection ended with: ${arrived.slice(0, 500)}`);
      return arrived;
    },
    all: () => until(() => false),
  };
}

/** Status and, where there is one, the error of Anthropic's shape out of an answer's text. */
export function readAnswer(text: string): { status: number; body: Buffer } {
  const head = text.indexOf('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    body: Buffer.from(head === -1 ? '' : text.slice(head + 4), 'latin1'),
  };
}
