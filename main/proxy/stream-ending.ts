/**
 * The bytes that end a compressed stream with a last text of our own, behind what the server has sent. Every encoding has a block that holds bytes as they
 * are, and a mark for the last one; such a block may stand where a block of the server's has ended, which is so whenever it flushes, as it does behind an event.
 * That this was such a place shows only when the bytes are read: whoever sends them has a decoder read them first (tap.ts). Running sums and no more.
 */
import { crc32 } from 'node:zlib';

import type { Encoding } from './decode.ts';

export type StreamEnding = {
  /** A chunk as it came. */
  readonly passed: (chunk: Buffer) => void;
  /** What came of it. */
  readonly decoded: (data: Buffer) => void;
  /** Null where the stream is known not to stand between two blocks, or cannot be ended by us at all. */
  readonly with: (text: Buffer) => Buffer | null;
};

/** Two bytes hold the length of a stored block. */
const textBytesMax = 0xffff;

export function createStreamEnding(encoding: Encoding): StreamEnding {
  const ending = { gzip: endGzip, deflate: endDeflate, br: endBrotli, zstd: endZstd }[encoding]();
  return { ...ending, with: (text) => (text.length > textBytesMax ? null : ending.with(text)) };
}

/** RFC 1952: the checksum and the length of everything stand behind the last block. */
function endGzip(): StreamEnding {
  const flush = watchFlush();
  let sum = 0;
  let length = 0;
  return {
    passed: flush.passed,
    decoded: (data) => {
      sum = crc32(data, sum);
      length += data.length;
    },
    with: (text) => {
      const trailer = Buffer.alloc(8);
      trailer.writeUInt32LE(crc32(text, sum), 0);
      trailer.writeUInt32LE((length + text.length) % 2 ** 32, 4);
      return flush.isSeen() ? Buffer.concat([storedBlock(text), trailer]) : null;
    },
  };
}

/** RFC 1950: another checksum. */
function endDeflate(): StreamEnding {
  const flush = watchFlush();
  let sum = adlerOfNothing;
  return {
    passed: flush.passed,
    decoded: (data) => {
      sum = adler32(data, sum);
    },
    with: (text) => {
      const trailer = Buffer.alloc(4);
      const { low, high } = adler32(text, sum);
      trailer.writeUInt16BE(high, 0);
      trailer.writeUInt16BE(low, 2);
      return flush.isSeen() ? Buffer.concat([storedBlock(text), trailer]) : null;
    },
  };
}

/** RFC 7932: an uncompressed meta-block, then the empty last one. There is no checksum. */
function endBrotli(): StreamEnding {
  const isUncompressed = 1 << 19;
  return {
    passed: () => {},
    decoded: () => {},
    with: (text) => {
      const head = Buffer.alloc(3);
      head.writeUIntLE(((text.length - 1) << 3) | isUncompressed, 0, 3);
      return Buffer.concat([head, text, Buffer.of(0b11)]);
    },
  };
}

/** RFC 8878: a raw block that says it is the last. A frame with a checksum, which a server seldom asks for, cannot be ended here. */
function endZstd(): StreamEnding {
  const hasChecksum = 0b100;
  let head = Buffer.alloc(0);
  return {
    passed: (chunk) => {
      if (head.length < 5) head = Buffer.concat([head, chunk.subarray(0, 5 - head.length)]);
    },
    decoded: () => {},
    with: (text) => {
      if (((head[4] ?? hasChecksum) & hasChecksum) !== 0) return null;
      const block = Buffer.alloc(3);
      block.writeUIntLE((text.length << 3) | 1, 0, 3);
      return Buffer.concat([block, text]);
    },
  };
}

/** RFC 1951: the last block, stored. */
function storedBlock(text: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt16LE(text.length, 1);
  head.writeUInt16LE(text.length ^ 0xffff, 3);
  return Buffer.concat([head, text]);
}

const flushMark = Buffer.from([0, 0, 0xff, 0xff]);

/** A flush of deflate ends with an empty stored block, which begins the next one at a whole byte. */
function watchFlush() {
  let tail: Buffer = Buffer.alloc(0);
  return {
    passed: (chunk: Buffer) => {
      tail = tailOf(tail, chunk);
    },
    isSeen: () => tail.equals(flushMark),
  };
}

/** The last four bytes of both. */
export function tailOf(tail: Buffer, more: Buffer): Buffer {
  return Buffer.concat([tail, more.subarray(-4)]).subarray(-4);
}

type Adler = { readonly low: number; readonly high: number };

const adlerOfNothing: Adler = { low: 1, high: 0 };

function adler32(data: Buffer, { low, high }: Adler): Adler {
  for (const byte of data) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return { low, high };
}
