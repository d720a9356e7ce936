/**
 * Writes lines behind what stands in the active segment. Promises that a place is given to one write only: it is taken before the write begins, so that a
 * settle can be written behind a begin that is still on its way to the disk. A write that never arrives leaves a hole, which reading passes over;
 * therefore each begins with a line break.
 */
import { journalLine, type JournalLine } from './journal-line.ts';
import type { ActiveSegment } from './journal-segments.ts';

/** What a write of these lines puts into a segment of this generation. */
export function bytesOf(lines: readonly JournalLine[], generation: number): Buffer {
  const texts = lines.map(({ mark, json }) => journalLine(generation, mark, json));
  return Buffer.from(`\n${texts.join('')}`, 'utf8');
}

/** False: the disk refuses; the write that follows meets the same disk, and says what is wrong with it. */
export function append(segment: ActiveSegment, bytes: Buffer): boolean {
  try {
    segment.file.writeAtOnce(bytes, segment.position);
  } catch {
    return false;
  }
  segment.position += bytes.length;
  return true;
}

/** @throws the error of the disk. */
export async function appendDurably(segment: ActiveSegment, bytes: Buffer): Promise<void> {
  const { position } = segment;
  segment.position += bytes.length;
  try {
    await segment.file.write(bytes, position);
  } catch (error) {
    // Unless a settle has been written behind it: a disk that refuses for long must not use up the segments.
    if (segment.position === position + bytes.length) segment.position = position;
    throw error;
  }
}
