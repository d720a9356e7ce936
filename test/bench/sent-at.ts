/**
 * The instant at which a delta was sent, as text of a fixed width inside it. One clock for all processes of a machine (`process.hrtime`, the
 * monotonic clock), so sender and receiver need not agree on the time of day.
 */
const mark = 'sent-at=';
const digits = 20;

/** Takes the place of the instant in prepared bytes. */
export const noInstant = `${mark}${'0'.repeat(digits)}`;

/** Writes the present instant over the one in `bytes`, which must hold `noInstant`. */
export function stampInstant(bytes: Buffer): void {
  bytes.write(process.hrtime.bigint().toString().padStart(digits, '0'), bytes.indexOf(mark) + mark.length, 'latin1');
}

/** How long ago each delta in `text` was sent, in milliseconds. What is cut off at the end is left: `rest` goes before the next piece. */
export function readDelays(text: string): { readonly delaysMs: number[]; readonly rest: string } {
  const now = process.hrtime.bigint();
  const delaysMs: number[] = [];
  let from = 0;
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, from)) {
    const start = at + mark.length;
    if (start + digits > text.length) break;
    delaysMs.push(Number(now - BigInt(text.slice(start, start + digits))) / 1e6);
    from = start + digits;
  }
  return { delaysMs, rest: text.slice(Math.max(from, text.length - noInstant.length)) };
}
