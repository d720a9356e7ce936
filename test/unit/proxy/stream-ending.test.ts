/** Ending a compressed stream with words of our own: what comes of it is a whole stream that any strict reader takes, or nothing is sent. */
import { describe, expect, it } from 'vitest';

import { createTap } from '../../../main/proxy/tap.ts';
import { createCompressor, decompress, encodings } from '../../kit/encodings.ts';
import { messageStart, sse, textDelta } from '../../kit/sse-text.ts';

const lastEvent = sse('error', { type: 'error', error: { type: 'billing_error', message: 'Tollkeeper cut this – ✂' } });
const lastWords = Buffer.from(lastEvent);
const events = [
  messageStart({ input_tokens: 10, output_tokens: 1 }),
  textDelta('Grüße, Welt 🌍. '.repeat(30)),
  // What does not compress, and more than one window of deflate.
  textDelta(Array.from({ length: 9_000 }, (_, index) => ((index * 7_919) % 36 ** 3).toString(36)).join('~')),
  textDelta('x'.repeat(70_000)),
  textDelta('the end'),
];

function tapOf(contentEncoding: string | null) {
  const tap = createTap({ isCuttable: true });
  tap.start('text/event-stream; charset=utf-8', contentEncoding);
  return tap;
}

describe.each(encodings)('a stream in %s', (encoding) => {
  it.each(events.map((_event, index) => index + 1))(
    'ends behind its event %i with our words, read whole by a strict reader',
    async (count) => {
      const tap = tapOf(encoding);
      const compressor = createCompressor(encoding);
      const passed: Buffer[] = [];
      for (const event of events.slice(0, count)) {
        const chunk = await compressor.write(event);
        passed.push(chunk);
        await tap.write(chunk);
      }
      expect(tap.isBehindEvent()).toBe(true);
      const ending = await tap.endWith(lastWords);
      if (ending === null) throw new Error('the stream could not be ended');
      expect(decompress(encoding, Buffer.concat([...passed, ending]))).toBe(
        events.slice(0, count).join('') + lastEvent,
      );
      // Our words are not the answer's: they are no part of what was observed of it.
      expect(tap.progress).toMatchObject({ errorType: null, unreadable: null, isWhole: false });
      await tap.end();
      expect(tap.progress.errorType).toBeNull();
    },
  );

  it('is not behind an event in the middle of one, nor where a chunk has brought nothing to read', async () => {
    const tap = tapOf(encoding);
    const compressor = createCompressor(encoding);
    await tap.write(await compressor.write(events.slice(0, 2).join('')));
    expect(tap.isBehindEvent()).toBe(true);
    await tap.write(await compressor.write('event: content_block_delta\ndata: {"ty'));
    expect(tap.isBehindEvent()).toBe(false);
    await tap.write(await compressor.write('pe":"x"}\n\n'));
    expect(tap.isBehindEvent()).toBe(true);
    await tap.write(Buffer.alloc(0));
    expect(tap.isBehindEvent()).toBe(false);
  });

  it('is never ended in the middle of a block: it can be, with our very words, or it is said that it cannot', async () => {
    for (let missing = 1; missing < 60; missing += 3) {
      const tap = tapOf(encoding);
      const compressor = createCompressor(encoding);
      const whole = await compressor.write(events.slice(0, 2).join(''));
      const more = await compressor.write(events[1] ?? '');
      const bytes = Buffer.concat([whole, more]).subarray(0, -missing);
      await tap.write(bytes);
      const ending = await tap.endWith(lastWords);
      if (ending !== null) expect(decompress(encoding, Buffer.concat([bytes, ending]))).toContain(lastEvent);
    }
  });
});

describe('a stream', () => {
  it('that says nothing of its encoding is ended in the one it has', async () => {
    const tap = tapOf(null);
    const chunk = await createCompressor('gzip').write(events[0] ?? '');
    await tap.write(chunk);
    const ending = await tap.endWith(lastWords);
    expect(decompress('gzip', Buffer.concat([chunk, ending ?? Buffer.alloc(0)]))).toBe(`${events[0]}${lastEvent}`);
  });

  it('in zstd with a checksum, which no words of ours can have, cannot be ended', async () => {
    const tap = tapOf('zstd');
    await tap.write(await createCompressor('zstd', true).write(events[0] ?? ''));
    expect(tap.isBehindEvent()).toBe(true);
    expect(await tap.endWith(lastWords)).toBeNull();
    expect(tap.progress.unreadable).toBeNull();
  });

  it('in gzip that was not flushed, is broken, or should hold more than a block can, cannot be ended', async () => {
    const unflushed = tapOf('gzip');
    await unflushed.write((await createCompressor('gzip').write(events[0] ?? '')).subarray(0, -2));
    expect(await unflushed.endWith(lastWords)).toBeNull();

    const broken = tapOf('gzip');
    await broken.write(Buffer.from('1f8b this is no gzip at all \0\0\xff\xff', 'latin1'));
    expect(await broken.endWith(lastWords)).toBeNull();

    const long = tapOf('gzip');
    await long.write(await createCompressor('gzip').write(events[0] ?? ''));
    expect(await long.endWith(Buffer.alloc(70_000))).toBeNull();
  });

  it('that is not compressed ends with the words as they are', async () => {
    const tap = tapOf('identity');
    expect(tap.write(Buffer.from(events[0] ?? ''))).toBeUndefined();
    expect(tap.isBehindEvent()).toBe(true);
    expect(await tap.endWith(lastWords)).toBe(lastWords);
    void tap.write(Buffer.from('event: x\r\ndata: 1\r\n\r'));
    expect(tap.isBehindEvent()).toBe(false);
    void tap.write(Buffer.from('\n'));
    expect(tap.isBehindEvent()).toBe(true);
  });
});
