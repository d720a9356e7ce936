/**
 * Which call is this? Pure: method and URL in, route out. Every path passes; only `POST /v1/messages` is metered here.
 * A member and project may be named by a path prefix (`/@alice/webshop/v1/messages`), which never reaches Anthropic.
 */

export type Route = {
  readonly kind: 'messages' | 'pass';
  /** The request target for the upstream, query included, our prefix removed. */
  readonly target: string;
  readonly member: string | null;
  readonly project: string | null;
};

/** `/@member` or `/@member/project`; a project cannot be called like the first segment of one of Anthropic's own paths. */
const prefix = /^\/@([^/?]+)(?:\/(?!(?:v1|api)(?:[/?]|$))([^/?]+))?(?=[/?]|$)/;

export function routeOf(method: string, url: string): Route {
  const named = prefix.exec(url);
  const rest = named ? url.slice(named[0].length) : url;
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  return {
    kind: isMessages(method, target) ? 'messages' : 'pass',
    target,
    member: decodeName(named?.[1]),
    project: decodeName(named?.[2]),
  };
}

function isMessages(method: string, target: string): boolean {
  if (method !== 'POST') return false;
  const path = target.split('?', 1)[0];
  return path === '/v1/messages' || path === '/v1/messages/';
}

/** A name that is not valid percent-encoding is taken as it stands: a call is never refused over its label. */
function decodeName(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    // Malformed percent-encoding.
    return text;
  }
}
