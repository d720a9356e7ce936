/**
 * Claude Code transcripts: lines in, the last state of each message out. Pure; keeps no text of a conversation, only ids, counts and times.
 *
 * A message stands on several lines (one per content block, 43 to 46 % of all lines are repeats) and its usage is told again on each, growing
 * from placeholder to final. Summing them over-counts 1.5 to 1.9 times. Here the last state wins, and a smaller count never takes the place of a
 * larger one (facts/anthropic.md section 8). A line is parsed only if it is the last of its message: the repeats are told apart by a search.
 */
import { isWireObject, readCount, readText, type WireObject } from '../../shared/usage.ts';

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

type Candidate = { line: string; readonly firstAtMs: number; output: number };

/** `text` holds whole lines. */
export function readTranscript(text: string): TranscriptPart {
  const candidates = new Map<string, Candidate>();
  const messages: TranscriptMessage[] = [];
  let lines = 0;
  let brokenLines = 0;

  function parse(line: string, firstAtMs: number | null): void {
    const entry = parseObject(line);
    if (!entry) brokenLines += 1;
    const message = entry && messageOf(entry, firstAtMs);
    if (message) messages.push(message);
  }

  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    if (line === '') continue;
    lines += 1;
    if (!line.startsWith('{') || !line.endsWith('}')) brokenLines += 1;
    else if (!line.includes('"usage"')) continue;
    else if (!remember(candidates, line)) parse(line, null);
  }
  for (const { line, firstAtMs } of candidates.values()) parse(line, firstAtMs);
  return { messages, lines, brokenLines };
}

/** Inside a JSON text a quote is written \" , so these can only be keys of the line itself. */
const idMark = '"id":"msg_';
const outputMark = '"output_tokens":';
const timeMark = '"timestamp":"';

/** False when the line is not written as Claude Code writes it; it is then parsed at once. */
function remember(candidates: Map<string, Candidate>, line: string): boolean {
  if (!line.includes('"type":"assistant"')) return false;
  const idAt = line.indexOf(idMark);
  const outputAt = line.indexOf(outputMark);
  const timeAt = line.indexOf(timeMark);
  if (idAt === -1 || outputAt === -1 || timeAt === -1) return false;
  const idEnd = line.indexOf('"', idAt + idMark.length);
  const id = line.slice(idAt + idMark.length, idEnd);
  const output = Number.parseInt(line.slice(outputAt + outputMark.length, outputAt + outputMark.length + 12), 10);
  const known = candidates.get(id);
  if (!known) {
    const timeEnd = line.indexOf('"', timeAt + timeMark.length);
    candidates.set(id, { line, output, firstAtMs: Date.parse(line.slice(timeAt + timeMark.length, timeEnd)) });
  } else if (!(output < known.output)) {
    known.line = line;
    known.output = output;
  }
  return true;
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

/** The later state of one message: more output, or as much and told later. */
export function laterState(a: TranscriptMessage, b: TranscriptMessage): TranscriptMessage {
  const outputOf = ({ usage }: TranscriptMessage) => readCount(usage['output_tokens']);
  const [earlier, later] = outputOf(b) < outputOf(a) ? [b, a] : [a, b];
  return {
    ...later,
    stopReason: later.stopReason ?? earlier.stopReason,
    requestId: later.requestId ?? earlier.requestId,
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    lastAtMs: Math.max(a.lastAtMs, b.lastAtMs),
  };
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
