/**
 * The body of an answer on its way to the client: compressed when told, flushed event by event as Anthropic's edge does (else a client would see
 * nothing until the end), counted as it is on the wire, and cut at a byte when told. Waits for the client's pace.
 */
import type { ServerResponse } from 'node:http';
import { Writable, type Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';

import type { AnthropicFault, ContentEncoding } from './anthropic-faults.ts';

export type AnswerBody = {
  /** False when the client has gone or the body was cut: there is no point in writing more. */
  readonly write: (text: string) => Promise<boolean>;
  /** True when everything written was handed to the socket. */
  readonly end: () => Promise<boolean>;
  /** Body bytes handed to the socket. */
  readonly bytesSent: () => number;
};

export function openAnswerBody(response: ServerResponse, fault: AnthropicFault): AnswerBody {
  const closed = new Promise<void>((resolve) => void response.once('close', resolve));
  const wire = openWire(response, fault.cutAfterBytes ?? Number.POSITIVE_INFINITY);
  const compressor = fault.encoding === undefined ? null : openCompressor(fault.encoding);
  compressor?.pipe(wire.writable);
  // The client left: what the compressor still holds has nowhere to go.
  response.once('close', () => compressor?.destroy());
  const head = compressor ?? wire.writable;
  return {
    write: async (text) => {
      if (response.destroyed || head.destroyed) return false;
      const handedOn = new Promise<void>((resolve) => void head.write(text, () => resolve()));
      await Promise.race([handedOn, closed]);
      return !response.destroyed && !wire.isCut();
    },
    end: async () => {
      const finished = new Promise<void>((resolve) => void wire.writable.once('finish', resolve));
      head.end();
      await Promise.race([finished, closed]);
      return response.writableFinished && !wire.isCut();
    },
    bytesSent: wire.bytesSent,
  };
}

function openWire(response: ServerResponse, cutAfterBytes: number) {
  let bytesSent = 0;
  let isCut = false;
  const writable = new Writable({
    // Errors of a socket whose client has left are not passed on: the caller sees the response closed.
    write: (chunk: Buffer, _encoding, done) => {
      const part = chunk.subarray(0, cutAfterBytes - bytesSent);
      bytesSent += part.length;
      isCut = bytesSent >= cutAfterBytes;
      response.write(part, () => {
        if (isCut) response.destroy();
        done();
      });
    },
    final: (done) => void response.end(() => done()),
  });
  return { writable, bytesSent: () => bytesSent, isCut: () => isCut };
}

function openCompressor(encoding: ContentEncoding): Transform {
  switch (encoding) {
    case 'gzip':
      return createGzip({ flush: constants.Z_SYNC_FLUSH });
    case 'br':
      return createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return createZstdCompress({ flush: constants.ZSTD_e_flush });
  }
}
