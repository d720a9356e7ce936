/**
 * Tokens of an image or a document that stands in a request as base64. Pure; reads only the header of an image, and scans a PDF for its pages
 * without decoding it.
 *
 * Source (platform docs, vision and PDF support): an image is ⌈width ÷ 28⌉ × ⌈height ÷ 28⌉ tokens, scaled down first to a long edge of 1,568 pixels
 * and 1,568 tokens, or 2,576 and 4,784 from Claude 4.7 on. A PDF page is its text, 1,500 to 3,000 tokens, and an image of it.
 */
import { base64Alphabet, base64Byte, base64Bytes } from './base64-bytes.ts';
import { countsWithOlderTokenizer } from './tokenizer.ts';

export type ImageSize = { readonly width: number; readonly height: number };

const patchPixels = 28;
const standardTier = { longEdgePixels: 1_568, tokensMax: 1_568 };
const highResolutionTier = { longEdgePixels: 2_576, tokensMax: 4_784 };

function tierOf(model: string | null): typeof standardTier {
  return countsWithOlderTokenizer(model) ? standardTier : highResolutionTier;
}

/** The most an image can come to; what one of unknown size is taken for. */
export function imageTokensMax(model: string | null): number {
  return tierOf(model).tokensMax;
}

export function imageTokens(model: string | null, size: ImageSize | null): number {
  if (size === null || size.width < 1 || size.height < 1) return imageTokensMax(model);
  const { longEdgePixels, tokensMax } = tierOf(model);
  const scale = Math.min(1, longEdgePixels / Math.max(size.width, size.height));
  const patches = (pixels: number) => Math.ceil((pixels * scale) / patchPixels);
  return Math.min(tokensMax, patches(size.width) * patches(size.height));
}

/** The pixels of a PNG, GIF, WebP or JPEG; null when its header does not tell them. */
export function imageSizeOf(base64: string): ImageSize | null {
  const at = (index: number) => base64Byte(base64, index);
  if (at(0) === 0x89 && at(1) === 0x50) return { width: big32(base64, 16), height: big32(base64, 20) };
  if (at(0) === 0x47 && at(1) === 0x49) return { width: little16(base64, 6), height: little16(base64, 8) };
  if (at(0) === 0x52 && at(8) === 0x57) return webpSize(base64);
  if (at(0) === 0xff && at(1) === 0xd8) return jpegSize(base64);
  return null;
}

/** Three kinds of WebP, told apart by the fourth letter of their first chunk: lossy "VP8 ", lossless "VP8L", extended "VP8X". */
function webpSize(base64: string): ImageSize | null {
  const kind = base64Byte(base64, 15);
  if (kind === 0x20) return { width: little16(base64, 26) & 0x3fff, height: little16(base64, 28) & 0x3fff };
  if (kind === 0x4c) {
    const bits = little16(base64, 21) + little16(base64, 23) * 0x10000;
    return { width: (bits & 0x3fff) + 1, height: (Math.floor(bits / 0x4000) & 0x3fff) + 1 };
  }
  if (kind === 0x58) return { width: little24(base64, 24) + 1, height: little24(base64, 27) + 1 };
  return null;
}

/** Segments before the frame of a JPEG: a few, and one for each 64 KB of a colour profile. */
const segmentsMax = 100;

/** Walks the segments of a JPEG to its frame header (SOF0 to SOF15 without DHT, JPG and DAC). */
function jpegSize(base64: string): ImageSize | null {
  let at = 2;
  for (let segment = 0; segment < segmentsMax && base64Byte(base64, at) === 0xff; segment++) {
    const marker = base64Byte(base64, at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: big16(base64, at + 7), height: big16(base64, at + 5) };
    at += 2 + Math.max(2, big16(base64, at + 2));
  }
  return null;
}

const textTokensPerPage = { older: 1_800, newer: 2_340 };
/** A page is rendered to an image of middling size: its pixels are not published. */
const imageTokensPerPage = { older: 1_568, newer: 2_400 };
/** Anthropic reads no more of one request (platform docs, PDF support). */
const pagesMax = 600;
/** For a PDF that packs its page objects away: the size of an ordinary page. */
const bytesPerPage = 30_000;

export function pdfTokens(model: string | null, pages: number): number {
  const age = countsWithOlderTokenizer(model) ? 'older' : 'newer';
  return pages * (textTokensPerPage[age] + imageTokensPerPage[age]);
}

/** Scanned of a PDF; what lies beyond is taken to hold pages as densely. */
const scannedCharactersMax = 8_000_000;

/** Page objects where they can be seen, else by the bytes. Between 1 and 600. */
export function pdfPagesOf(base64: string): number {
  const scanned = base64.length > scannedCharactersMax ? base64.slice(0, scannedCharactersMax) : base64;
  const seen = pagePatterns.reduce((sum, { text, skip }) => sum + countPages(scanned, text, skip), 0);
  const pages = seen > 0 ? (seen * base64.length) / scanned.length : (base64.length * 3) / 4 / bytesPerPage;
  return Math.min(pagesMax, Math.max(1, Math.round(pages)));
}

/** "/Type /Page" as it looks inside base64, at each of the three places where a byte can stand in a group of four characters. */
const pagePatterns = ['/Type /Page', '/Type/Page'].flatMap((text) =>
  [0, 1, 2].map((offset) => patternOf(text, offset)),
);

function patternOf(text: string, offset: number): { readonly text: string; readonly skip: number } {
  const codes = Array.from(text, (character) => character.charCodeAt(0));
  // Only the sixes of bits that the text alone decides; those it shares with a neighbour are left out.
  const firstBit = offset * 8;
  const lastBit = firstBit + codes.length * 8;
  const bits = [...Array<string>(offset).fill('00000000'), ...codes.map((code) => code.toString(2).padStart(8, '0'))];
  const joined = bits.join('');
  let pattern = '';
  let skip = -1;
  for (let at = 0; at + 6 <= joined.length; at += 6) {
    if (at < firstBit || at + 6 > lastBit) continue;
    if (skip < 0) skip = at / 6;
    pattern += base64Alphabet[Number.parseInt(joined.slice(at, at + 6), 2)] ?? '';
  }
  return { text: pattern, skip };
}

/** Matches that stand in step with the groups of four, and are not "/Type /Pages", the tree above the pages. */
function countPages(base64: string, pattern: string, skip: number): number {
  let count = 0;
  for (let at = base64.indexOf(pattern); at >= 0; at = base64.indexOf(pattern, at + 1)) {
    const group = at - skip;
    if (group < 0 || group % 4 !== 0) continue;
    const bytes = base64Bytes(base64, (group / 4) * 3, 16);
    const decoded = String.fromCharCode(...bytes);
    if (/\/Type ?\/Page(?![A-Za-z])/.test(decoded)) count++;
  }
  return count;
}

function big16(base64: string, at: number): number {
  return base64Byte(base64, at) * 0x100 + base64Byte(base64, at + 1);
}
function big32(base64: string, at: number): number {
  return big16(base64, at) * 0x10000 + big16(base64, at + 2);
}
function little16(base64: string, at: number): number {
  return base64Byte(base64, at) + base64Byte(base64, at + 1) * 0x100;
}
function little24(base64: string, at: number): number {
  return little16(base64, at) + base64Byte(base64, at + 2) * 0x10000;
}
