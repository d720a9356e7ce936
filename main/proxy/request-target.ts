/**
 * The path that a request line asks for (RFC 9112 section 3.2). Pure. Mostly it is one already; a client that takes us for its proxy sends the whole
 * address instead, and then the host of that address counts, whatever `Host` says.
 */

export type RequestTarget =
  | { readonly kind: 'path'; readonly path: string; readonly host: string | undefined }
  /** Neither a path nor an address: `*`, or nothing HTTP knows. */
  | { readonly kind: 'unusable' };

const address = /^https?:\/\/([^/?#@]+)([/?].*)?$/i;

export function requestTarget(target: string, host: string | undefined): RequestTarget {
  if (target.startsWith('/')) return { kind: 'path', path: target, host };
  const found = address.exec(target);
  if (!found) return { kind: 'unusable' };
  const path = found[2] ?? '/';
  return { kind: 'path', path: path.startsWith('/') ? path : `/${path}`, host: found[1] };
}
