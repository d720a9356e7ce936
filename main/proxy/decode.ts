/**
 * Undoes the content encoding of an answer for the meter's own copy of it. The client always gets the bytes as they came.
 * Anthropic's edge compresses even event streams, and bodies without a `Content-Encoding` header have been seen (facts section 3), so the
 * first bytes decide where the header says nothing.
 */
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress, constants } from 'node:zlib';
import type { Transform } from 'node:stream';

export type Decoder = {
  /** Resolves when everything that this chunk yields has been handed on, or when nothing more ever will be. */
  readonly write: (chunk: Buffer) => Promise<void>;
  /** Resolves when everything that could be decoded has been handed on; also for a body that was cut. */
  readonly end: () => Promise<void>;
};

export type Encoding = 'gzip' | 'br' | 'zstd' | 'deflate';

export function encodingOf(header: string | null, firstBytes: Buffer): Encoding | null {
  switch (header?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'br':
      return 'br';
    case 'zstd':
      return 'zstd';
    case 'deflate':
      return 'deflate';
    default:
      return sniff(firstBytes);
  }
}

function sniff(bytes: Buffer): Encoding | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return null;
}

/** `onFailure` is told at most once, when the bytes are not what the encoding says. */
export function createDecoder(
  encoding: Encoding,
  onData: (chunk: Buffer) => void,
  onFailure: (error: Error) => void,
): Decoder {
  const stream = open(encoding);
  const finished = new Promise<void>((resolve) => {
    stream.on('end', resolve);
    stream.on('close', resolve);
    stream.on('error', (error: Error) => {
      onFailure(error);
      resolve();
    });
  });
  stream.on('data', onData);
  return {
    write: (chunk) => Promise.race([finished, new Promise<void>((resolve) => stream.write(chunk, () => resolve()))]),
    end: () => {
      stream.end();
      return finished;
    },
  };
}

/** The lenient finish flush yields what a cut body had told so far instead of an error. */
function open(encoding: Encoding): Transform {
  switch (encoding) {
    case 'gzip':
      return createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    case 'deflate':
      return createInflate({ finishFlush: constants.Z_SYNC_FLUSH });
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return createZstdDecompress({ finishFlush: constants.ZSTD_e_flush });
  }
}
