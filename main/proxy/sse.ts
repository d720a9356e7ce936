/**
 * Server-sent events out of bytes, however they were cut (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Works on bytes, so that a character split between two chunks is whole again, and decodes only the events that `wants` asks for:
 * most of a stream is text deltas, of which the meter needs only the length.
 */

export type SseEvent = { readonly name: string; readonly data: Buffer };

export type SseReader = {
  readonly write: (chunk: Buffer) => void;
  /** Handles what stands after the last line break; an unfinished event is dropped, as the standard says. */
  readonly end: () => void;
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
/** A line longer than this is no event of Anthropic's; reading stops and `onOverflow` is told. */
const lineBytesMax = 64 * 1024 * 1024;
const empty = Buffer.alloc(0);

export function createSseReader(onEvent: (event: SseEvent) => void, onOverflow: () => void): SseReader {
  let rest: Buffer = empty;
  let name = '';
  let data: Buffer[] = [];
  let isFirstLine = true;
  let isOverflown = false;

  function onLine(line: Buffer): void {
    if (line.length === 0) return dispatch();
    const colon = line.indexOf(0x3a);
    if (colon === 0) return;
    const field = (colon === -1 ? line : line.subarray(0, colon)).toString('latin1');
    const afterColon = colon === -1 ? line.length : colon + (line[colon + 1] === space ? 2 : 1);
    if (field === 'data') data.push(line.subarray(afterColon));
    else if (field === 'event') name = line.subarray(afterColon).toString('utf8');
  }

  function dispatch(): void {
    const [first = empty, ...more] = data;
    if (data.length > 0) onEvent({ name, data: more.length === 0 ? first : joinLines([first, ...more]) });
    name = '';
    data = [];
  }

  function readLines(bytes: Buffer): number {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(lineFeed, start);
      if (end === -1) return start;
      readLine(bytes.subarray(start, bytes[end - 1] === carriageReturn && end > start ? end - 1 : end));
      start = end + 1;
    }
  }

  /** A line may still hold bare carriage returns, which the standard also counts as line breaks. */
  function readLine(line: Buffer): void {
    const text = isFirstLine && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line;
    isFirstLine = false;
    let start = 0;
    for (let at = text.indexOf(carriageReturn); at !== -1; at = text.indexOf(carriageReturn, start)) {
      onLine(text.subarray(start, at));
      start = at + 1;
    }
    onLine(text.subarray(start));
  }

  return {
    write: (chunk) => {
      if (isOverflown) return;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      rest = bytes.subarray(readLines(bytes));
      if (rest.length <= lineBytesMax) return;
      isOverflown = true;
      rest = empty;
      onOverflow();
    },
    end: () => {
      if (rest.length > 0) readLine(rest);
      rest = empty;
    },
  };
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [newline, line])));
}
