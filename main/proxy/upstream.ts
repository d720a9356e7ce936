/**
 * The connections to the upstream: how many, for how long, through which proxy, trusting whom. Promises that a request is written to a connection
 * at most once: what may have reached Anthropic is never sent again (undici queues, it does not retry).
 * Through a proxy there are two ways, as RFC 9110 (9.3.6) and RFC 9112 (3.2.2) have them: a tunnel by CONNECT to an https upstream, and the whole
 * address as request target to a plain one.
 */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

import { Pool, type Dispatcher } from 'undici';

import type { Clock } from '../system/clock.ts';
import { proxyAuthorization, refuseUnauthorized, tunnelThrough } from './upstream-proxy.ts';

export type UpstreamOptions = {
  readonly upstream: string;
  /** An http:// or https:// address, credentials included; null: no proxy stands in between. */
  readonly proxyUrl: string | null;
  /** Certificates (PEM) to trust besides those of this machine's Node; null: none. */
  readonly ca: string | null;
  /** Silence before the headers, or between two pieces of the body, after which the upstream is given up. */
  readonly upstreamTimeoutMs: number;
};

export type Upstream = {
  readonly dispatcher: Dispatcher;
  /** Goes before every target: the upstream's own path, behind a plain proxy its whole address. */
  readonly prefix: string;
  /** Further headers that every request needs, as a flat list; mostly none. */
  readonly headers: readonly string[];
  readonly close: () => Promise<void>;
};

/** Connections to the upstream at once; more calls than this wait for one. */
const connectionsMax = 512;
/** Of an answer. Cloudflare allows 128 KB in all; Anthropic sends about 2. */
const headerBytesMax = 128 * 1024;

export function openUpstream({ upstream, proxyUrl, ca, upstreamTimeoutMs }: UpstreamOptions, clock: Clock): Upstream {
  const url = new URL(upstream);
  // An upstream may have a path of its own: a gateway behind a gateway.
  const basePath = url.pathname.replace(/\/+$/, '');
  const options: Pool.Options = {
    connections: connectionsMax,
    headersTimeout: upstreamTimeoutMs,
    bodyTimeout: upstreamTimeoutMs,
    maxHeaderSize: headerBytesMax,
    allowH2: false,
  };
  const trust = ca === null ? {} : { secureContext: trusting(ca) };
  if (proxyUrl === null) return open(new Pool(url.origin, { ...options, connect: trust }), basePath);
  const proxy = new URL(proxyUrl);
  if (url.protocol === 'https:')
    return open(new Pool(url.origin, { ...options, connect: tunnelThrough(proxy, trust, clock) }), basePath);
  const pool = new Pool(proxy.origin, { ...options, connect: trust }).compose(refuseUnauthorized(proxy));
  return open(pool, `${url.origin}${basePath}`, ['host', url.host, ...proxyAuthorization(proxy)]);
}

function open(dispatcher: Dispatcher, prefix: string, headers: readonly string[] = []): Upstream {
  return { dispatcher, prefix, headers, close: () => dispatcher.destroy() };
}

/** Made once: parsing some 150 certificates takes longer than a handshake. */
function trusting(ca: string): SecureContext {
  return createSecureContext({ ca: [...getCACertificates('default'), ca] });
}
