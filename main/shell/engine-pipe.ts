/**
 * The page's requests to `/api/*`, piped to the engine with the token, which the page never holds. Answers and event streams pass as they come.
 * Knows no Electron: the fetch is given. Promises that a stream whose reader is gone ends at the engine too, and that no header of the page
 * but the two listed gets through (its origin and cookies are not the engine's business).
 */
export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

export type EnginePipeOptions = {
  readonly fetch: Fetch;
  readonly token: string;
  /** Null while the engine is not up. */
  readonly engineUrl: () => string | null;
};

const passedOn = ['accept', 'content-type'];
const passedBack = ['content-type', 'cache-control', 'content-disposition'];

/** The API takes identifiers and settings, nothing long. */
const bodyBytesMax = 1024 * 1024;

const notUp = {
  error: {
    code: 'engine_failed',
    message: 'The engine does not answer.',
    remedy: 'It is started again by itself; if not, a dialog says why.',
  },
};

export async function pipeToEngine(
  request: Request,
  target: string,
  { fetch, token, engineUrl }: EnginePipeOptions,
): Promise<Response> {
  const base = engineUrl();
  if (base === null) return Response.json(notUp, { status: 503 });
  const body = request.body === null ? null : await request.arrayBuffer();
  if (body !== null && body.byteLength > bodyBytesMax) return new Response(null, { status: 413 });
  // Electron neither aborts the request of a page that went away nor a `net.fetch` whose body is cancelled (electron#47097): without a
  // signal of our own every reload would leave a listener at the engine.
  const left = new AbortController();
  try {
    const answer = await fetch(`${base}${target}`, {
      method: request.method,
      headers: { ...pick(request.headers, passedOn), authorization: `Bearer ${token}` },
      body,
      signal: left.signal,
    });
    return new Response(answer.body === null ? null : watched(answer.body, () => left.abort()), {
      status: answer.status,
      headers: pick(answer.headers, passedBack),
    });
  } catch {
    // The engine died in between; the page shows its stale state and asks again.
    return Response.json(notUp, { status: 503 });
  }
}

/** The same bytes; tells when the reader loses interest. */
function watched(body: ReadableStream<Uint8Array>, onCancel: () => void): ReadableStream<Uint8Array> {
  const source = body.getReader();
  return new ReadableStream({
    async pull(target) {
      const { done, value } = await source.read();
      if (done) target.close();
      else target.enqueue(value);
    },
    cancel: onCancel,
  });
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => [[name, headers.get(name)]]).filter(([, value]) => value !== null));
}
