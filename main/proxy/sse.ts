/**
 * Server-sent events out of bytes, however they were cut (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Works on bytes written as Latin-1 text, one character a byte: a UTF-8 character split between two chunks is whole again, and searching and
 * cutting a string costs a fraction of doing it on buffers. An event's data is decoded only by whom it concerns (`utf8Of`): most of a
 * stream is text deltas, of which the meter needs only the length.
 */

/** Both are bytes as Latin-1 text; the names of Anthropic's events are ASCII, which is the same. */
export type SseEvent = { readonly name: string; readonly data: string };

export type SseReader = {
  readonly write: (chunk: Buffer) => void;
  /** Handles what stands after the last line break; an unfinished event is dropped, as the standard says. */
  readonly end: () => void;
};

/** A line longer than this is no event of Anthropic's; reading stops and `onOverflow` is told. */
const lineBytesMax = 64 * 1024 * 1024;
const lineFeed = 0x0a;
const byteOrderMark = '\xef\xbb\xbf';

export function utf8Of(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

export function createSseReader(onEvent: (event: SseEvent) => void, onOverflow: () => void): SseReader {
  let rest = '';
  let name = '';
  let data: string | null = null;
  let isFirstLine = true;
  let isOverflown = false;

  function onLine(line: string): void {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data = data === null ? value : `${data}\n${value}`;
    else if (field === 'event') name = value;
  }

  function dispatch(): void {
    if (data !== null) onEvent({ name, data });
    name = '';
    data = null;
  }

  function readLines(text: string): string {
    let start = 0;
    const isPlain = !text.includes('\r');
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const usualEnd = isPlain && !isFirstLine && data === null ? usualEvent(text, start, end) : 0;
      if (usualEnd === 0) readLine(text.slice(start, end > start && text[end - 1] === '\r' ? end - 1 : end));
      start = usualEnd === 0 ? end + 1 : usualEnd;
    }
    return start === 0 ? text : text.slice(start);
  }

  /** An event as Anthropic writes nearly all of them, read without cutting it into lines. Returns where it ends, 0 when it is another or not whole. */
  function usualEvent(text: string, start: number, nameEnd: number): number {
    if (!text.startsWith('event: ', start) || !text.startsWith('data: ', nameEnd + 1)) return 0;
    const dataEnd = text.indexOf('\n', nameEnd + 1);
    if (dataEnd === -1 || text.charCodeAt(dataEnd + 1) !== lineFeed) return 0;
    name = '';
    onEvent({ name: text.slice(start + 7, nameEnd), data: text.slice(nameEnd + 7, dataEnd) });
    return dataEnd + 2;
  }

  /** A line may still hold bare carriage returns, which the standard also counts as line breaks. */
  function readLine(line: string): void {
    const text = isFirstLine && line.startsWith(byteOrderMark) ? line.slice(byteOrderMark.length) : line;
    isFirstLine = false;
    if (text.includes('\r')) for (const part of text.split('\r')) onLine(part);
    else onLine(text);
  }

  return {
    write: (chunk) => {
      if (isOverflown) return;
      rest = readLines(rest + chunk.toString('latin1'));
      if (rest.length <= lineBytesMax) return;
      isOverflown = true;
      rest = '';
      onOverflow();
    },
    end: () => {
      // A carriage return at the very end ends its line, and no empty one follows it.
      if (rest !== '') readLine(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
      rest = '';
    },
  };
}
