/** The encodings in which answers come: a compressor that flushes as a server does, and a strict reader that takes no stream without its end. */
import {
  brotliDecompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Transform } from 'node:stream';

import type { Encoding } from '../../main/proxy/decode.ts';

export const encodings = ['gzip', 'deflate', 'br', 'zstd'] as const satisfies readonly Encoding[];

type Flushing = Transform & { readonly flush: (kind: number, done: () => void) => void };

export type Compressor = {
  /** What the text comes to, flushed; without a flush only what the compressor gives by itself. */
  readonly write: (text: string, isFlushed?: boolean) => Promise<Buffer>;
  readonly end: () => Promise<Buffer>;
};

const compressors: Readonly<Record<Encoding, (hasChecksum: boolean) => readonly [Flushing, number]>> = {
  gzip: () => [createGzip(), constants.Z_SYNC_FLUSH],
  deflate: () => [createDeflate(), constants.Z_SYNC_FLUSH],
  br: () => [createBrotliCompress(), constants.BROTLI_OPERATION_FLUSH],
  zstd: (hasChecksum) => [
    createZstdCompress(hasChecksum ? { params: { [constants.ZSTD_c_checksumFlag]: 1 } } : {}),
    constants.ZSTD_e_flush,
  ],
};

/** `hasChecksum`: of zstd, where it is a choice. */
export function createCompressor(encoding: Encoding, hasChecksum = false): Compressor {
  const [stream, flush] = compressors[encoding](hasChecksum);
  let chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const taken = () => {
    const bytes = Buffer.concat(chunks);
    chunks = [];
    return bytes;
  };
  return {
    write: async (text, isFlushed = true) => {
      await new Promise<void>((resolve) => stream.write(text, () => resolve()));
      if (isFlushed) await new Promise<void>((resolve) => stream.flush(flush, resolve));
      return taken();
    },
    end: async () => {
      const ended = new Promise<void>((resolve) => stream.on('end', resolve));
      stream.end();
      await ended;
      return taken();
    },
  };
}

/** @throws what zlib throws when the stream is not whole. */
export function decompress(encoding: Encoding, bytes: Buffer): string {
  const decode = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
  return decode[encoding](bytes).toString('utf8');
}
