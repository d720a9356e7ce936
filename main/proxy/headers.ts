/**
 * Headers in transit. Names, order, case and repeats are kept as they came; removed are only the hop-by-hop ones that HTTP itself forbids
 * to forward (RFC 9110 section 7.6.1), `host` (the upstream has its own) and our own `x-tollkeeper-*`, which never reach Anthropic. A member key is
 * replaced where it stands, so that the key goes up in the header in which the client sent it.
 */

/** Flat list as Node and undici use it: name, value, name, value… */
export type RawHeaders = readonly string[];

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);
/**
 * `expect` is answered on this hop by Node itself, and undici refuses to send it. `trailer` announces what undici cannot send: trailers of a
 * request are dropped, as RFC 9112 section 7.1.2 allows whoever decodes a chunked body; those of an answer pass.
 */
const requestOnly = new Set(['host', 'expect', 'trailer']);
const ownPrefix = 'x-tollkeeper-';

/** `further`: what the way to the upstream asks of every request; mostly nothing. `anthropicApiKey`: takes the place of a member key. */
export function requestHeaders(raw: RawHeaders, further: RawHeaders = [], anthropicApiKey: string | null = null) {
  const kept = keep(raw, connectionNames(raw), (name) => !requestOnly.has(name) && !name.startsWith(ownPrefix));
  if (anthropicApiKey !== null) replaceMemberKeys(kept, anthropicApiKey);
  return further.length === 0 ? kept : kept.concat(further);
}

/** The two headers in which clients send a key (facts/anthropic.md section 3); newer SDKs one, older ones the other, some both. */
const keyHeaders = new Set(['x-api-key', 'authorization']);
/** As a word of its own: `tk_…`, `Bearer tk_…`. Anthropic's own keys start with `sk-ant-`. */
const memberKeyWord = /(^|\s)(tk_\S+)/g;

export function isMemberKey(text: string): boolean {
  return text.startsWith('tk_');
}

/** Mostly none. */
export function memberKeysIn(raw: RawHeaders): string[] {
  const found: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const value = raw[index + 1] ?? '';
    if (!value.includes('tk_') || !keyHeaders.has(raw[index]?.toLowerCase() ?? '')) continue;
    for (const [, , key = ''] of value.matchAll(memberKeyWord)) found.push(key);
  }
  return found;
}

function replaceMemberKeys(headers: string[], anthropicApiKey: string): void {
  for (let index = 0; index < headers.length; index += 2) {
    if (!keyHeaders.has(headers[index]?.toLowerCase() ?? '')) continue;
    const value = headers[index + 1] ?? '';
    headers[index + 1] = value.replaceAll(memberKeyWord, (_word, before: string) => `${before}${anthropicApiKey}`);
  }
}

export const warningHeaderName = 'x-tollkeeper-warning';

/** `warning` is the only thing we ever add, behind all others. */
export function responseHeaders(raw: RawHeaders, warning: string | null = null): string[] {
  const kept = keep(raw, connectionNames(raw), () => true);
  if (warning !== null) kept.push(warningHeaderName, warning);
  return kept;
}

/** The value of the first header of this name (lower case), or null. */
export function headerOf(raw: RawHeaders, name: string): string | null {
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === name) return raw[index + 1] ?? null;
  }
  return null;
}

function keep(raw: RawHeaders, named: ReadonlySet<string>, isKept: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && !named.has(lower) && isKept(lower)) kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}

const noNames: ReadonlySet<string> = new Set();

/** `Connection: close, x-hop` makes `x-hop` hop-by-hop as well. */
function connectionNames(raw: RawHeaders): ReadonlySet<string> {
  const value = headerOf(raw, 'connection');
  if (value === null || /^(?:keep-alive|close)$/i.test(value)) return noNames;
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()));
}
