/** However a stream is cut into chunks, the same is read from it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createSseReader, utf8Of, type SseEvent } from '../../main/proxy/sse.ts';
import { createProgress, observeStream } from '../../main/proxy/observe.ts';
import { wholeStream } from '../kit/sse-text.ts';

type Read = { name: string; data: string };

function readAll(chunks: readonly Buffer[]): Read[] {
  const events: Read[] = [];
  const reader = createSseReader(
    ({ name, data }: SseEvent) => events.push({ name, data: utf8Of(data) }),
    () => {
      throw new Error('overflow');
    },
  );
  for (const chunk of chunks) reader.write(chunk);
  reader.end();
  return events;
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

const line = fc.stringMatching(/^[^\r\n\0]{0,20}$/);
const eventText = fc.record({
  name: fc.constantFrom('message_start', 'ping', 'new_kind', ''),
  data: fc.array(line, { minLength: 1, maxLength: 3 }),
  hasComment: fc.boolean(),
});

describe('server-sent events', () => {
  it('are the same when a whole message is cut at every single byte', () => {
    const bytes = Buffer.from(wholeStream);
    const whole = readAll([bytes]);
    for (let place = 0; place <= bytes.length; place++) {
      expect(readAll([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(whole);
    }
    expect(readAll([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('give the same observation when a whole message is cut at every single byte', () => {
    const bytes = Buffer.from(wholeStream);
    const observe = (chunks: readonly Buffer[]) => {
      const progress = createProgress();
      const observer = observeStream(progress);
      for (const chunk of chunks) observer.write(chunk);
      observer.end();
      return progress;
    };
    const whole = observe([bytes]);
    expect(whole).toMatchObject({
      isWhole: true,
      model: 'claude-sonnet-5-5',
      generated: { textCharacters: Array.from('Grüße, Welt 🌍').length, toolInputCharacters: 0, toolBlocks: 0 },
    });
    for (let place = 0; place <= bytes.length; place++) {
      expect(observe([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(whole);
    }
  });

  it('are read as written, with any line break and any cuts', () => {
    fc.assert(
      fc.property(
        fc.array(eventText, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat(), { maxLength: 12 }),
        (events, lineBreak, cuts) => {
          const text = events
            .map(({ name, data, hasComment }) =>
              [
                ...(name ? [`event: ${name}`] : []),
                ...data.map((part) => `data: ${part}`),
                ...(hasComment ? [': a comment'] : []),
                '',
                '',
              ].join(lineBreak),
            )
            .join('');
          const expected = events.map(({ name, data }) => ({ name, data: data.join('\n') }));
          expect(readAll(cutAt(Buffer.from(text), cuts))).toEqual(expected);
        },
      ),
    );
  });

  it('are known by the last name where two stand before the data', () => {
    expect(readAll([Buffer.from(': first\nevent: a\nevent: b\ndata: 1\n\ndata: 2\n\n')])).toEqual([
      { name: 'b', data: '1' },
      { name: '', data: '2' },
    ]);
  });

  it('read bare carriage returns and a byte order mark as the standard says', () => {
    expect(readAll([Buffer.from('\uFEFFevent: a\rdata:1\r\r\n')])).toEqual([{ name: 'a', data: '1' }]);
  });

  it('drop an event that was not finished', () => {
    expect(readAll([Buffer.from('data: 1\n\ndata: 2\n')])).toEqual([{ name: '', data: '1' }]);
  });
});
