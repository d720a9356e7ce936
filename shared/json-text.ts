/**
 * JSON as people write it: a value, or one sentence and the line and column of the first fault, which `JSON.parse` does not give for every fault.
 * Stricter than `JSON.parse` in two ways: a key that stands twice in one object is a fault, and so is nesting nobody writes by hand.
 * Only the faults are found here; the value is always that of `JSON.parse`.
 */
export type JsonText =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'broken'; readonly line: number; readonly column: number; readonly sentence: string };

const nestingMax = 64;

type Scan = { readonly text: string; at: number };

class Broken extends Error {
  readonly at: number;

  constructor(at: number, sentence: string) {
    super(sentence);
    this.at = at;
  }
}

export function readJson(text: string): JsonText {
  try {
    const scan: Scan = { text, at: 0 };
    scanValue(scan, 0);
    if (next(scan) !== '') throw new Broken(scan.at, 'Something stands after the end of the data.');
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', ...placeAt(text, error.at), sentence: error.message };
    throw error;
  }
  return { kind: 'value', value: JSON.parse(text) };
}

function placeAt(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The next character that is not space, or '' at the end. */
function next(scan: Scan): string {
  take(scan, /[ \t\n\r]*/y);
  return scan.text.charAt(scan.at);
}

function take(scan: Scan, pattern: RegExp): boolean {
  pattern.lastIndex = scan.at;
  const found = pattern.exec(scan.text);
  if (found) scan.at += found[0].length;
  return found !== null;
}

function scanValue(scan: Scan, depth: number): void {
  const first = next(scan);
  if (depth > nestingMax) throw new Broken(scan.at, `Data is nested more than ${nestingMax} deep.`);
  if (first === '{') return scanList(scan, '}', () => scanEntry(scan, depth), new Set());
  if (first === '[') return scanList(scan, ']', () => scanValue(scan, depth + 1), null);
  if (first === '"') return void scanString(scan);
  if (take(scan, /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)) return;
  throw new Broken(scan.at, first === '' ? 'The text ends too early.' : 'A value is expected here.');
}

/** An object or an array: both are a list of parts between brackets; only an object's parts have keys. */
function scanList(scan: Scan, close: string, scanPart: () => string | void, keys: Set<string> | null): void {
  scan.at += 1;
  if (next(scan) === close) return void (scan.at += 1);
  for (;;) {
    next(scan);
    const partAt = scan.at;
    const key = scanPart();
    if (keys !== null && typeof key === 'string') {
      if (keys.has(key)) throw new Broken(partAt, `The key ${JSON.stringify(key)} stands twice in one object.`);
      keys.add(key);
    }
    const after = next(scan);
    if (after !== ',' && after !== close) throw new Broken(scan.at, `A comma or a ${close} is expected here.`);
    scan.at += 1;
    if (after === close) return;
  }
}

function scanEntry(scan: Scan, depth: number): string {
  if (next(scan) !== '"') throw new Broken(scan.at, 'A key in double quotation marks is expected here.');
  const key = scanString(scan);
  if (next(scan) !== ':') throw new Broken(scan.at, 'A colon is expected here.');
  scan.at += 1;
  scanValue(scan, depth + 1);
  return key;
}

function scanString(scan: Scan): string {
  const { text, at: start } = scan;
  let end = start + 1;
  while (text[end] !== '"') {
    const code = text.charCodeAt(end);
    if (Number.isNaN(code)) throw new Broken(start, 'This text has no closing quotation mark.');
    if (code < 0x20) throw new Broken(end, 'A text may not run over the end of a line, nor hold a tab.');
    end += text[end] === '\\' ? 2 : 1;
  }
  scan.at = end + 1;
  try {
    return String(JSON.parse(text.slice(start, scan.at)));
  } catch {
    throw new Broken(start, 'This text holds a backslash that JSON does not know.');
  }
}
