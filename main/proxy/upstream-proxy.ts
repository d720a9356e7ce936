/**
 * The way through a proxy that stands between this machine and the upstream (HTTPS_PROXY and its kin). Not undici's ProxyAgent: that one folds
 * repeated request headers into one, and headers pass as they came. A proxy's user and password never stand in an error.
 */
import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';

import { buildConnector, type Dispatcher } from 'undici';

import type { Clock } from '../system/clock.ts';

/** A failure of the way, before anything was sent to the upstream. */
export class UpstreamProxyError extends Error {
  /** Neither of the two that undici takes for a reason to try again without end. */
  readonly code: string;

  constructor(proxy: URL, reason: string, code: string) {
    super(`the proxy ${proxy.protocol}//${proxy.host} ${reason}`);
    this.code = code;
  }
}

type Trust = { readonly secureContext?: SecureContext };

/** Like undici's own for a direct connection. */
const connectTimeoutMs = 10_000;

/** For an https upstream: a tunnel by CONNECT, and TLS with the upstream inside of it. */
export function tunnelThrough(proxy: URL, trust: Trust, clock: Clock): buildConnector.connector {
  const secure = buildConnector({ ...trust, allowH2: false, timeout: connectTimeoutMs });
  return (options, callback) => {
    const authority = options.port ? options.host : `${options.host}:443`;
    openTunnel(proxy, trust, authority ?? `${options.hostname}:443`, clock, (error, socket) => {
      if (error) callback(error, null);
      else secure({ ...options, httpSocket: socket }, callback);
    });
  };
}

type OnTunnel = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

function openTunnel(proxy: URL, trust: Trust, authority: string, clock: Clock, onTunnel: OnTunnel): void {
  const asking = askFor(proxy, trust, authority);
  const timer = clock.after(connectTimeoutMs, () =>
    asking.destroy(new UpstreamProxyError(proxy, 'did not answer in 10 s', 'PROXY_UNREACHABLE')),
  );
  function fail(error: UpstreamProxyError): void {
    timer.cancel();
    onTunnel(error, null);
  }
  asking.once('error', (error: NodeJS.ErrnoException) => {
    const reason = `could not be reached (${error.code ?? error.message})`;
    fail(error instanceof UpstreamProxyError ? error : new UpstreamProxyError(proxy, reason, 'PROXY_UNREACHABLE'));
  });
  asking.once('connect', (answer: IncomingMessage, socket: Socket, head: Buffer) => {
    if (answer.statusCode !== 200) {
      socket.destroy();
      return fail(refusal(proxy, answer.statusCode ?? 0));
    }
    timer.cancel();
    if (head.length > 0) socket.unshift(head);
    onTunnel(null, socket);
  });
  asking.end();
}

function askFor(proxy: URL, trust: Trust, authority: string): ClientRequest {
  const isSecure = proxy.protocol === 'https:';
  const [name, value] = proxyAuthorization(proxy);
  return (isSecure ? requestSecure : requestPlain)({
    ...trust,
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: proxy.port === '' ? (isSecure ? 443 : 80) : proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(name !== undefined && value !== undefined ? { [name]: value } : {}) },
    agent: false,
  });
}

function refusal(proxy: URL, status: number): UpstreamProxyError {
  const reason = status === 407 ? 'asks for a user and password (407)' : `refused the connection (${status})`;
  return new UpstreamProxyError(proxy, reason, 'PROXY_REFUSED');
}

/** Name and value, or nothing where the address names no user (RFC 7617). */
export function proxyAuthorization({ username, password }: URL): string[] {
  if (username === '') return [];
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ['proxy-authorization', `Basic ${Buffer.from(credentials).toString('base64')}`];
}

/** A plain upstream's proxy answers in the upstream's place: its 407 is about our credentials and none of the client's business. */
export function refuseUnauthorized(proxy: URL): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (controller, status, headers, statusText) => {
        if (status === 407) return controller.abort(refusal(proxy, status));
        handler.onResponseStart?.(controller, status, headers, statusText);
      },
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
}
