/**
 * One line of the journal: a checksum, a mark, a JSON text. Pure.
 * The checksum is seeded with the segment's generation, so that what an earlier use of the same file left behind is never taken for a line of this
 * one, nor is a line that was cut in the middle of being written.
 */
import { crc32 } from 'node:zlib';

/** What a line tells: a call that was begun, a call that was settled, or (first in its segment) the generation. */
export type JournalMark = 'b' | 's' | 'g';

export type JournalLine = { readonly mark: JournalMark; readonly json: string };

const checksumDigits = 8;

/** `json` holds no line break, as JSON.stringify without indentation never does. */
export function journalLine(generation: number, mark: JournalMark, json: string): string {
  const text = mark + json;
  return `${checksumOf(text, generation)}${text}\n`;
}

/** Null for what is no line of this generation. `line` comes without its line break. */
export function readJournalLine(generation: number, line: string): JournalLine | null {
  const text = line.slice(checksumDigits);
  const mark = text[0];
  if (mark !== 'b' && mark !== 's' && mark !== 'g') return null;
  if (line.slice(0, checksumDigits) !== checksumOf(text, generation)) return null;
  return { mark, json: text.slice(1) };
}

/** The first line of a segment names its generation, under a checksum without a seed. */
export function segmentHead(generation: number): string {
  return journalLine(0, 'g', JSON.stringify({ generation }));
}

/** Null when the file was never written, or its head was cut. */
export function readSegmentHead(line: string): number | null {
  const head = readJournalLine(0, line);
  if (head?.mark !== 'g') return null;
  const { generation } = JSON.parse(head.json) as { generation: unknown };
  return typeof generation === 'number' ? generation : null;
}

function checksumOf(text: string, generation: number): string {
  return crc32(text, generation).toString(16).padStart(checksumDigits, '0');
}
