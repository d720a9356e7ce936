/**
 * Which call is this? Pure: method and URL in, route out. Every path passes; `POST /v1/messages` and the batch API are metered.
 * A member and project may be named by a path prefix (`/@alice/webshop/v1/messages`), which never reaches Anthropic.
 */
import type { KeyHolder } from './member-key.ts';

export type Route = {
  /** `batches`: an answer about batches; `batch_results`: the results of one. Both pass like any other and are listened to. */
  readonly kind: 'messages' | 'batches' | 'batch_results' | 'pass';
  /** The request target for the upstream, query included, our prefix removed. */
  readonly target: string;
  readonly member: string | null;
  readonly project: string | null;
  /** Whose member key the request carries; null for a client with a key of its own. */
  readonly holder: KeyHolder | null;
  /** The batch whose results are asked for. */
  readonly batchId: string | null;
};

/** `/@member` or `/@member/project`; a project cannot be called like the first segment of one of Anthropic's own paths. */
const prefix = /^\/@([^/?]+)(?:\/(?!(?:v1|api)(?:[/?]|$))([^/?]+))?(?=[/?]|$)/;

export function routeOf(method: string, url: string, holder: KeyHolder | null = null): Route {
  const named = prefix.exec(url);
  const rest = named ? url.slice(named[0].length) : url;
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  return {
    ...kindOf(method, target),
    target,
    member: decodeName(named?.[1]),
    project: decodeName(named?.[2]),
    holder,
  };
}

const batchPath = /^\/v1\/messages\/batches(?:\/([^/]+)(?:\/(results|cancel))?)?\/?$/;

function kindOf(method: string, target: string): Pick<Route, 'kind' | 'batchId'> {
  const path = target.split('?', 1)[0] ?? target;
  if (method === 'POST' && (path === '/v1/messages' || path === '/v1/messages/'))
    return { kind: 'messages', batchId: null };
  const batch = batchPath.exec(path);
  if (!batch || (method !== 'GET' && method !== 'POST')) return { kind: 'pass', batchId: null };
  return batch[2] === 'results'
    ? { kind: 'batch_results', batchId: batch[1] ?? null }
    : { kind: 'batches', batchId: batch[1] ?? null };
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
