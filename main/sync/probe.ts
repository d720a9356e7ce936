/** Whether Stripe, or the proxy on the way to it, can be connected to: one TCP connection, no request, no key. Cheap enough for every few seconds. */
import { connect } from 'node:net';

export type Probe = () => Promise<boolean>;

const timeoutMs = 3_000;

export function createProbe({
  apiBase,
  proxyUrl,
}: {
  readonly apiBase: string;
  readonly proxyUrl: string | null;
}): Probe {
  const { hostname, port, protocol } = new URL(proxyUrl ?? apiBase);
  const target = { host: hostname, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
  return () =>
    new Promise((resolve) => {
      const socket = connect({ ...target, timeout: timeoutMs });
      const end = (isReachable: boolean) => {
        socket.destroy();
        resolve(isReachable);
      };
      socket.once('connect', () => end(true));
      socket.once('timeout', () => end(false));
      socket.once('error', () => end(false));
    });
}
