/** Images and documents by their own rules: sizes read from real headers inside base64, pages counted without decoding. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { base64Byte } from '../../../shared/base64-bytes.ts';
import { imageSizeOf, imageTokens, imageTokensMax, pdfPagesOf, pdfTokens } from '../../../shared/media-tokens.ts';

const older = 'claude-sonnet-4-5';
const newer = 'claude-opus-5-5';
const encode = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  ).toString('base64');

const png = encode([0x89], 'PNG\r\n', [0x1a, 0x0a, 0, 0, 0, 13], 'IHDR', [0, 0, 0x07, 0x80, 0, 0, 0x04, 0x38], 'rest');
const gif = encode('GIF89a', [0x40, 0x01, 0xf0, 0x00], 'rest');
const jpeg = encode(
  [0xff, 0xd8, 0xff, 0xe0, 0, 16],
  'JFIF\0',
  Array<number>(9).fill(0),
  [0xff, 0xe2, 0x40, 0],
  Array<number>(0x3ffe).fill(7),
  [0xff, 0xc2, 0, 17, 8, 0x02, 0x58, 0x03, 0x20, 3],
);
const riff = (kind: string, ...rest: readonly number[]) =>
  encode('RIFF', [0, 0, 0, 0], 'WEBP', kind, [9, 0, 0, 0], rest);
const webpExtended = riff('VP8X', 0, 0, 0, 0, 0x7f, 0x02, 0, 0xdf, 0x01, 0);
const webpLossy = riff('VP8 ', 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01);
const webpLossless = riff('VP8L', 0x2f, 0x7f, 0xc2, 0x77, 0);

describe('an image', () => {
  it.each([
    ['PNG', png, { width: 1920, height: 1080 }],
    ['GIF', gif, { width: 320, height: 240 }],
    ['JPEG, behind a colour profile of 16 KB', jpeg, { width: 800, height: 600 }],
    ['extended WebP', webpExtended, { width: 640, height: 480 }],
    ['lossy WebP', webpLossy, { width: 640, height: 480 }],
    ['lossless WebP', webpLossless, { width: 640, height: 480 }],
  ])('that is a %s tells its size in its header', (_kind, base64, size) => expect(imageSizeOf(base64)).toEqual(size));

  it('has the size that a real file of 166 × 282 has', () => {
    const real =
      'iVBORw0KGgoAAAANSUhEUgAAAKYAAAEaAgMAAADmmcReAAAACVBMVEX///8A/wD+AQASdAFKAAAAR0lEQVR42u3YMREAMAjAwC5d6q8mUYkEVuA+8yvIkVr0oghFURRFURRFURRFURRFUdRCkSRJM7u/CEVRFEVRFEVRFEXRpdQXkcaVBRUPn8UJn6QAAAAASUVORK5CYII=';
    expect(imageSizeOf(real)).toEqual({ width: 166, height: 282 });
  });

  it.each([
    [older, { width: 1000, height: 1000 }, 1296],
    [newer, { width: 1000, height: 1000 }, 1296],
    [newer, { width: 1920, height: 1080 }, 2691],
    [older, { width: 1920, height: 1080 }, 1568],
    [newer, { width: 8000, height: 8000 }, 4784],
    [older, { width: 8000, height: 28 }, 56],
  ])('for %s of %o comes to %d tokens, as the vision page counts', (model, size, tokens) =>
    expect(imageTokens(model, size)).toBe(tokens),
  );

  it('of a size that its header does not tell is taken for the largest', () => {
    expect(imageSizeOf(encode('II*\0 a TIFF'))).toBeNull();
    expect(imageTokens(older, null)).toBe(imageTokensMax(older));
    expect(imageTokensMax(newer)).toBe(4784);
  });

  it('never costs more than the largest, and never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom('', '\x89PNG', 'GIF89a', '\xff\xd8\xff'),
        (bytes, start) => {
          const tokens = imageTokens(newer, imageSizeOf(encode(start, [...bytes])));
          expect(tokens).toBeGreaterThanOrEqual(1);
          expect(tokens).toBeLessThanOrEqual(imageTokensMax(newer));
        },
      ),
    );
  });
});

describe('a document', () => {
  const page = (spelling: string) => `3 0 obj\n<< ${spelling} /Parent 1 0 R >>\nendobj\n`;
  it.each(['/Type /Page', '/Type/Page'])(
    'written with "%s" has as many pages as objects of it, wherever they fall in the base64',
    (spelling) => {
      for (const shift of ['', 'x', 'xy']) {
        const tree = `${spelling}s /Count 5`;
        const text = `%PDF-1.4${shift}\n<< ${tree} >>\n${Array.from({ length: 5 }, (_, index) => `${'y'.repeat(index)}${page(spelling)}`).join('')}`;
        expect(pdfPagesOf(encode(text))).toBe(5);
      }
    },
  );

  it('that packs its pages away is told by its bytes, and has at least one', () => {
    expect(pdfPagesOf(encode('%PDF-1.7 tiny'))).toBe(1);
    expect(pdfPagesOf(encode('%PDF-1.7', Array<number>(300_000).fill(65)))).toBe(10);
    expect(pdfPagesOf('A'.repeat(100_000_000))).toBe(600);
  });

  it('counts each page as its text and its image', () => {
    expect(pdfTokens(older, 10)).toBe(33_680);
    expect(pdfTokens(newer, 1)).toBeGreaterThan(pdfTokens(older, 1));
  });
});

describe('base64', () => {
  it('is read at any place without decoding the rest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (bytes) => {
        const base64 = Buffer.from(bytes).toString('base64');
        expect([...bytes.keys()].map((index) => base64Byte(base64, index))).toEqual([...bytes]);
      }),
    );
  });
});
