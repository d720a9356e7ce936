/**
 * Who may speak to the proxy. It takes any program on this machine, and no web page of elsewhere: a page in the user's browser could otherwise
 * send calls through 127.0.0.1 (docs/security.md). Pure; no state. A program names this machine as its host and sends no `Origin`; a browser
 * always sends one with what a page asks for, and a name that somebody has pointed at loopback stands in `Host`.
 */

export type GuardRules = {
  /** Further names by which clients reach this machine (a container's name for it), without port. */
  readonly allowedHosts: readonly string[];
  /** Pages that may call from a browser, as `https://tool.example`. */
  readonly allowedOrigins: readonly string[];
};

export type Visitor = { readonly host: string | undefined; readonly origin: string | undefined };

/**
 * Names that nobody can point at this machine from outside: an address is no name, `localhost` never leaves the machine (RFC 6761), and the two
 * engines of containers forward theirs to its loopback (`.internal` is nobody's to register).
 */
const ownHost =
  /^(?:127(?:\.\d{1,3}){3}|localhost|[\w.-]+\.localhost|\[[\da-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|host\.(?:docker|containers)\.internal)(?::\d+)?$/i;
/** A page that a program on this machine serves. */
const ownOrigin = /^https?:\/\/(?:127(?:\.\d{1,3}){3}|localhost|[\w.-]+\.localhost|\[::1\])(?::\d+)?$/i;

/** The sentence that refuses, or null. */
export function refuseVisitor({ host, origin }: Visitor, { allowedHosts, allowedOrigins }: GuardRules): string | null {
  // HTTP/1.0 needs no host; a browser always sends one.
  if (host !== undefined && !ownHost.test(host) && !allowedHosts.includes(host.replace(/:\d+$/, '').toLowerCase()))
    return (
      `This proxy answers to the names of this machine, not to "${host.slice(0, 100)}". ` +
      'Use 127.0.0.1, or add the name to the setting allowedHosts.'
    );
  if (origin !== undefined && !ownOrigin.test(origin) && !allowedOrigins.includes(origin.toLowerCase()))
    return (
      `Web pages of ${origin.slice(0, 100)} may not call through this proxy. ` +
      'If it is your own tool, add its address to the setting allowedOrigins.'
    );
  return null;
}
