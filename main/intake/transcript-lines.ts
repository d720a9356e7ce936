/**
 * Claude Code transcripts: lines in, the last state of each message out. Pure; keeps no text of a conversation, only ids, counts and times.
 *
 * A message stands on several lines (one per content block, 43 to 46 % of all lines are repeats) and its usage is told again on each, growing
 * from placeholder to final. Summing them over-counts 1.5 to 1.9 times. Here the last state wins, and a smaller count never takes the place of a
 * larger one (facts/anthropic.md section 8). Of the lines of a message the last is parsed, and the first where it tells more: the repeats are told
 * apart by a search.
 */
import { isWireObject, mergeUsage, readCount, readText, type WireObject } from '../../shared/usage.ts';

/** One message as the transcript last told it. */
export type TranscriptMessage = {
  /** `message.id`; null in lines that have none. */
  readonly messageId: string | null;
  readonly requestId: string | null;
  /** What the message is known by where it has no id of Anthropic's. */
  readonly lineId: string | null;
  readonly model: string | null;
  readonly stopReason: string | null;
  readonly usage: WireObject;
  readonly sessionId: string | null;
  readonly agentId: string | null;
  readonly isSidechain: boolean;
  readonly cwd: string | null;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** What versions of Claude Code before 1.0.9 worked out themselves. */
  readonly costUsd: number | null;
};

export type TranscriptPart = {
  readonly messages: readonly TranscriptMessage[];
  readonly lines: number;
  /** Lines that are not JSON: a crash of Claude Code in the middle of writing one. */
  readonly brokenLines: number;
};

/** Adds a message to those known by name, as a further state of one of them or as a new one. */
export function keepLater(states: Map<string, TranscriptMessage>, message: TranscriptMessage): void {
  const name = nameOf(message);
  const known = states.get(name);
  states.set(name, known ? laterState(known, message) : message);
}

/** A line that was searched and not parsed: where its usage and its output count stand. */
type SearchedLine = {
  readonly text: string;
  readonly usageAt: number;
  readonly outputAt: number;
  readonly output: number;
};
type Candidate = { readonly first: SearchedLine; last: SearchedLine; readonly firstAtMs: number };

/** `text` holds whole lines. */
export function readTranscript(text: string): TranscriptPart {
  const candidates = new Map<string, Candidate>();
  const states = new Map<string, TranscriptMessage>();
  let lines = 0;
  let brokenLines = 0;

  function parse(line: string, firstAtMs: number | null): void {
    const entry = parseObject(line);
    if (!entry) brokenLines += 1;
    const message = entry && messageOf(entry, firstAtMs);
    if (message) keepLater(states, message);
  }

  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    if (line === '') continue;
    lines += 1;
    if (!line.startsWith('{') || !line.endsWith('}')) {
      brokenLines += 1;
      continue;
    }
    const usageFrom = line.indexOf(usageName);
    if (usageFrom === -1) continue;
    if (!remember(candidates, line, usageFrom) && line.includes(`"${usageName}`)) parse(line, null);
  }
  for (const { first, last, firstAtMs } of candidates.values()) {
    // The first line tells what Anthropic said at the start; a last line that is without some of it takes it from there.
    if (first !== last && isUsageElse(first, last)) parse(first.text, null);
    parse(last.text, firstAtMs);
  }
  return { messages: [...states.values()], lines, brokenLines };
}

/**
 * Inside a JSON text a quote is written \" , so these can only be keys: of the line itself, or of an object in its content (what a tool is called with).
 * A line in which one of them stands twice is parsed at once. They are searched for without their first quote, which stands everywhere.
 */
const messageMark = 'message":{';
const idMark = 'id":"msg_';
const usageName = 'usage"';
const usageMark = `${usageName}:{`;
const outputMark = 'output_tokens":';
const timeMark = 'timestamp":"';
/** A stop reason that is told: null is written without quotes. */
const stopMark = 'stop_reason":"';
/** Between the start of a message and its id stands its model at most. */
const idDistanceMax = 120;

/**
 * False when the line is not surely one of those that Claude Code writes for every block of a message; it is then parsed at once. Nothing is called
 * `usage` in it before `usageFrom`.
 */
function remember(candidates: Map<string, Candidate>, text: string, usageFrom: number): boolean {
  const usageAt = onlyPlaceOf(usageMark, text, usageFrom);
  if (usageAt === -1) return false;
  const messageAt = text.indexOf(messageMark);
  const idAt = messageAt === -1 ? -1 : text.indexOf(idMark, messageAt);
  const outputAt = text.indexOf(outputMark, usageAt);
  if (idAt === -1 || outputAt === -1 || idAt > messageAt + idDistanceMax) return false;
  if (text.slice(messageAt, idAt).includes('[') || !text.includes('type":"assistant"')) return false;
  const id = text.slice(idAt + idMark.length, text.indexOf('"', idAt + idMark.length));
  const output = Number.parseInt(text.slice(outputAt + outputMark.length, outputAt + outputMark.length + 16), 10);
  const line: SearchedLine = { text, usageAt, outputAt, output };
  const known = candidates.get(id);
  if (!known) {
    const timeAt = onlyPlaceOf(timeMark, text) + timeMark.length;
    if (timeAt < timeMark.length) return false;
    const firstAtMs = Date.parse(text.slice(timeAt, text.indexOf('"', timeAt)));
    candidates.set(id, { first: line, last: line, firstAtMs });
    return true;
  }
  // Only a line that says at least as much takes the place of another; one that says less is read beside it.
  if (output < known.last.output || (!text.includes(stopMark) && known.last.text.includes(stopMark))) return false;
  known.last = line;
  return true;
}

/** -1 when the line has the key not at all, or more than once, or only as the end of another key. */
function onlyPlaceOf(mark: string, text: string, from = 0): number {
  const at = text.indexOf(mark, from);
  if (at === -1 || text[at - 1] !== '"') return -1;
  return text.indexOf(mark, at + mark.length) === -1 ? at : -1;
}

/** Whether two lines of a message differ in anything of their usage but the count of its output, as far as its first inner object. */
function isUsageElse(a: SearchedLine, b: SearchedLine): boolean {
  const before = ({ text, usageAt, outputAt }: SearchedLine) => text.slice(usageAt, outputAt);
  const behind = ({ text, outputAt }: SearchedLine) => {
    const end = text.indexOf('}', outputAt);
    const comma = text.indexOf(',', outputAt);
    return comma < end ? text.slice(comma, end) : '';
  };
  return before(a) !== before(b) || behind(a) !== behind(b);
}

/** Null for what is no answer of the API: prompts, tool results, Claude Code's own errors, lines without a time. */
function messageOf(entry: WireObject, firstAtMs: number | null): TranscriptMessage | null {
  const { outer, inner } = unwrap(entry);
  const message = inner['message'];
  if (!isWireObject(message) || !isWireObject(message['usage'])) return null;
  if (inner['type'] !== undefined && inner['type'] !== 'assistant') return null;
  if (inner['isApiErrorMessage'] === true || message['model'] === '<synthetic>') return null;
  const lastAtMs = Date.parse(readText(inner['timestamp']) ?? readText(outer['timestamp']) ?? '');
  if (Number.isNaN(lastAtMs)) return null;
  const told = (name: string) => readText(inner[name]) ?? readText(outer[name]);
  return {
    messageId: readText(message['id']),
    requestId: told('requestId'),
    lineId: told('uuid'),
    model: readText(message['model']),
    stopReason: readText(message['stop_reason']),
    usage: message['usage'],
    sessionId: told('sessionId'),
    agentId: told('agentId'),
    isSidechain: inner['isSidechain'] === true || outer !== inner,
    cwd: told('cwd'),
    firstAtMs: firstAtMs === null || Number.isNaN(firstAtMs) ? lastAtMs : Math.min(firstAtMs, lastAtMs),
    lastAtMs,
    costUsd: typeof inner['costUSD'] === 'number' ? inner['costUSD'] : null,
  };
}

/** Some versions write a subagent's lines into its parent's progress: `data.message` is then a line like any other. */
function unwrap(entry: WireObject): { outer: WireObject; inner: WireObject } {
  const data = isWireObject(entry['data']) ? entry['data'] : null;
  const nested = data && isWireObject(data['message']) ? data['message'] : null;
  return nested && isWireObject(nested['message']) ? { outer: entry, inner: nested } : { outer: entry, inner: entry };
}

/**
 * Two states of one message as one: that of more output, or as much and told later, is the later one. What only the earlier one tells is kept, and a
 * count of the prompt is the larger of the two: counts only ever grow (facts/anthropic.md section 8: last row, fields by max).
 */
export function laterState(a: TranscriptMessage, b: TranscriptMessage): TranscriptMessage {
  const outputOf = ({ usage }: TranscriptMessage) => readCount(usage['output_tokens']);
  const [earlier, later] = outputOf(b) < outputOf(a) ? [b, a] : [a, b];
  return {
    ...later,
    usage: usageOfBoth(earlier.usage, later.usage),
    model: later.model ?? earlier.model,
    stopReason: later.stopReason ?? earlier.stopReason,
    requestId: later.requestId ?? earlier.requestId,
    costUsd: later.costUsd ?? earlier.costUsd,
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    lastAtMs: Math.max(a.lastAtMs, b.lastAtMs),
  };
}

/** A usage with passes is one report and is taken whole. */
function usageOfBoth(earlier: WireObject, later: WireObject): WireObject {
  const hasPasses = (usage: WireObject) => Array.isArray(usage['iterations']) && usage['iterations'].length > 0;
  if (hasPasses(earlier) || hasPasses(later)) return later;
  const merged: Record<string, unknown> = { ...mergeUsage(earlier, later) };
  for (const name of ['input_tokens', 'cache_read_input_tokens']) {
    if (readCount(earlier[name]) > readCount(later[name])) merged[name] = earlier[name];
  }
  // The cache writes are one total and its split: taken together, never each from another line.
  if (readCount(earlier['cache_creation_input_tokens']) > readCount(later['cache_creation_input_tokens'])) {
    merged['cache_creation_input_tokens'] = earlier['cache_creation_input_tokens'];
    merged['cache_creation'] = earlier['cache_creation'];
  }
  return merged;
}

/**
 * What a message is known by: Anthropic's id of it. Claude Code's lines of before it wrote those are known by the request, by the line, or at the very
 * least by session and time. One message is one call even where it is told under two requests: somebody answered the second from a cache.
 */
export function nameOf({ messageId, requestId, lineId, sessionId, lastAtMs }: TranscriptMessage): string {
  return messageId ?? requestId ?? (lineId === null ? `line:${sessionId ?? ''} ${lastAtMs}` : `line:${lineId}`);
}

function parseObject(text: string): WireObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isWireObject(value) ? value : null;
  } catch {
    // A line that was cut in the middle; it is counted and passed over.
    return null;
  }
}
