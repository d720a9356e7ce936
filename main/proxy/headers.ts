/**
 * Headers in transit. Names, order, case and repeats are kept as they came; removed are only the hop-by-hop ones that HTTP itself forbids
 * to forward (RFC 9110 section 7.6.1), `host` (the upstream has its own) and our own `x-tollkeeper-*`, which never reach Anthropic.
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

/** `further`: what the way to the upstream asks of every request; mostly nothing. */
export function requestHeaders(raw: RawHeaders, further: RawHeaders = []): string[] {
  const kept = keep(raw, connectionNames(raw), (name) => !requestOnly.has(name) && !name.startsWith(ownPrefix));
  return further.length === 0 ? kept : kept.concat(further);
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
