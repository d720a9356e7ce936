/**
 * Through which proxy an address is reached, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Pure. The rules are those that curl, Go and undici share:
 * the scheme of the address chooses the variable; NO_PROXY is a list of names parted by commas or blanks, where a name stands for itself and
 * everything below it (with or without a leading dot), `*.name` only for what is below, `:port` narrows it to one port, and `*` is everything.
 * This machine is never reached through a proxy.
 */
import { AppError } from '../../shared/contract/errors.ts';

/** As the environment has them; null where it has none. */
export type ProxyVariables = {
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
};

export const noProxies: ProxyVariables = { httpProxy: null, httpsProxy: null, noProxy: null };

const thisMachine = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|::1)$/;

/** The proxy's address with its user and password, or null. @throws AppError `bad_settings` that names the variable, never its value. */
export function proxyFor(address: string, { httpProxy, httpsProxy, noProxy }: ProxyVariables): string | null {
  const url = new URL(address);
  const host = bare(url.hostname);
  const isSecure = url.protocol === 'https:';
  const named = isSecure ? httpsProxy : httpProxy;
  if (named === null || thisMachine.test(host)) return null;
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  if ((noProxy ?? '').split(/[,\s]+/).some((entry) => entry !== '' && matches(entry, host, port))) return null;
  return readProxy(named, isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
}

/** Without the brackets of an IPv6 address and the dot of a full name. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/(.)\.$/, '$1');
}

/** A bare IPv6 address has several colons and no port; with a port it stands in brackets. */
const entryWithPort = /^(\[.+\]|[^:]+):(\d+)$/;

function matches(entry: string, host: string, port: number): boolean {
  const [, named, portText] = entryWithPort.exec(entry) ?? [];
  if (portText !== undefined && Number(portText) !== port) return false;
  const pattern = bare(named ?? entry);
  if (pattern === '*') return true;
  const name = pattern.replace(/^\*?\./, '');
  return host.endsWith(`.${name}`) || (host === name && !pattern.startsWith('*.'));
}

function readProxy(text: string, variable: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(withScheme);
  if (url !== null && url.hostname !== '' && (url.protocol === 'http:' || url.protocol === 'https:')) return url.href;
  throw new AppError(
    'bad_settings',
    `The variable ${variable} is no address of an HTTP proxy${url === null ? '' : ` (${url.protocol}//)`}.`,
    'Set it to one such as http://proxy.example:3128, name the upstream in NO_PROXY, or unset it.',
  );
}
