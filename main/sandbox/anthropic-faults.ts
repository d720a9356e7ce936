/**
 * What the simulated Anthropic can be told to do wrong: for all requests by a switch, for some by chance (from a seed, so that a soak can be
 * repeated), for one by the header `x-sandbox-fault`. Written as words joined by `;`, for instance `status=429;retry-after=1`. Pure.
 */

export type AnthropicFault = {
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The error comes as a page of HTML, as from an edge in front of Anthropic. */
  readonly isHtml?: boolean;
  /** An `error` event after this many deltas; a JSON answer has none and is left whole. */
  readonly overloadedAfterDeltas?: number;
  /** The socket is destroyed after this many deltas. */
  readonly cutAfterDeltas?: number;
  /** The socket is destroyed after this many bytes of the body, counted as they are on the wire. */
  readonly cutAfterBytes?: number;
  readonly delayPerDeltaMs?: number;
  readonly firstByteMs?: number;
  readonly isNeverAnswered?: boolean;
  readonly encoding?: ContentEncoding;
  /** Compressed without saying so. */
  readonly isEncodingSilent?: boolean;
  readonly isCrlf?: boolean;
};

export const contentEncodings = ['gzip', 'br', 'zstd'] as const;
export type ContentEncoding = (typeof contentEncodings)[number];

export const faultHeader = 'x-sandbox-fault';

/** What to do wrong in general; a request's own header goes before both, word by word, and chance before always. */
export type FaultPlan = {
  readonly always?: AnthropicFault;
  /** Draws one fault at most for a `POST /v1/messages`; the chances add up to 1 at most. */
  readonly sometimes?: { readonly seed: number; readonly faults: readonly FaultChance[] };
};
export type FaultChance = { readonly chance: number; readonly fault: AnthropicFault };

const wordMeanings: Readonly<Record<string, (value: string) => AnthropicFault | null>> = {
  status: counted((status) => ({ status })),
  'retry-after': counted((retryAfterSeconds) => ({ retryAfterSeconds })),
  '413-html': plain({ status: 413, isHtml: true }),
  'overloaded-mid-stream': counted((overloadedAfterDeltas) => ({ overloadedAfterDeltas })),
  'overloaded-after': counted((overloadedAfterDeltas) => ({ overloadedAfterDeltas })),
  'cut-after': counted((cutAfterDeltas) => ({ cutAfterDeltas })),
  'cut-after-bytes': counted((cutAfterBytes) => ({ cutAfterBytes })),
  slow: counted((delayPerDeltaMs) => ({ delayPerDeltaMs })),
  'delay-first-byte-ms': counted((firstByteMs) => ({ firstByteMs })),
  'never-answer': plain({ isNeverAnswered: true }),
  encoding: encoded((encoding) => ({ encoding })),
  'silent-encoding': encoded((encoding) => ({ encoding, isEncodingSilent: true })),
  'no-content-encoding-gzip': plain({ encoding: 'gzip', isEncodingSilent: true }),
  crlf: plain({ isCrlf: true }),
};

/** Null when a word or its value is not known: a test that misspells a fault must not pass by accident. */
export function parseFault(text: string): AnthropicFault | null {
  const words = text.split(';').map((word) => word.trim());
  const meanings = words.filter((word) => word !== '').map(meaningOf);
  if (meanings.includes(null)) return null;
  return Object.assign({}, ...meanings) as AnthropicFault;
}

function meaningOf(word: string): AnthropicFault | null {
  const [name = '', value = ''] = word.split('=', 2);
  return Object.hasOwn(wordMeanings, name) ? (wordMeanings[name]?.(value) ?? null) : null;
}

function counted(meaning: (count: number) => AnthropicFault) {
  return (value: string) => (/^\d{1,9}$/.test(value) ? meaning(Number(value)) : null);
}

function encoded(meaning: (encoding: ContentEncoding) => AnthropicFault) {
  return (value: string) => {
    const encoding = contentEncodings.find((known) => known === value);
    return encoding === undefined ? null : meaning(encoding);
  };
}

function plain(meaning: AnthropicFault) {
  return (value: string) => (value === '' ? meaning : null);
}

/** The fault of the nth message by chance: the same seed gives the same faults to the same places in the row. */
export function drawFault(plan: FaultPlan, messageNumber: number): AnthropicFault {
  let left = plan.sometimes ? seededFraction(plan.sometimes.seed, messageNumber) : 1;
  for (const { chance, fault } of plan.sometimes?.faults ?? []) {
    if (left < chance) return fault;
    left -= chance;
  }
  return {};
}

/** A fraction in [0, 1) of two numbers (the finalizer of MurmurHash3: neighbours come out far apart). */
export function seededFraction(seed: number, index: number): number {
  let hash = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
