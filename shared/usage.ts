/**
 * Usage: the token counts that Anthropic reports for a call, read tolerantly and merged by the documented rules.
 * Source: facts/anthropic.md sections 1 and 2 (Messages API, `usage`, streaming).
 * Every field may be absent or null and is then read as 0; nothing here throws on what a server sends, and nothing here knows prices.
 */

/** Counts that are priced. Cache writes are kept apart by their time to live, since they cost differently. */
export type TokenCounts = {
  readonly inputTokens: number;
  readonly cacheWrite5mTokens: number;
  readonly cacheWrite1hTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
};

/** One sampling pass of a call (`usage.iterations[]`). `model` null means the model of the message. */
export type Pass = TokenCounts & { readonly kind: string; readonly model: string | null };

export type Usage = TokenCounts & {
  /** Inside `outputTokens`; never priced a second time. */
  readonly thinkingTokens: number;
  readonly webSearchRequests: number;
  readonly serviceTier: string | null;
  readonly speed: string | null;
  readonly inferenceGeo: string | null;
  readonly passes: readonly Pass[];
  /** Counts above zero that nobody here knows: a new token class, cache lifetime, paid tool or kind of pass. They may cost. */
  readonly unknownParts: readonly string[];
};

/** A JSON object as it came from the wire. */
export type WireObject = { readonly [key: string]: unknown };

export const noTokens: TokenCounts = {
  inputTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
};

export function isWireObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A token count: a non-negative safe integer, else 0. */
export function readCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

export function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Reads the `usage` of a complete JSON message, or one merged by `mergeUsage`. */
export function readUsage(wire: unknown): Usage {
  const usage = isWireObject(wire) ? wire : {};
  const details = isWireObject(usage['output_tokens_details']) ? usage['output_tokens_details'] : {};
  const tools = isWireObject(usage['server_tool_use']) ? usage['server_tool_use'] : {};
  const passes = Array.isArray(usage['iterations']) ? usage['iterations'].filter(isWireObject).map(readPass) : [];
  return {
    ...readCounts(usage, passes),
    thinkingTokens: readCount(details['thinking_tokens']),
    webSearchRequests: readCount(tools['web_search_requests']),
    serviceTier: readText(usage['service_tier']),
    speed: readText(usage['speed']),
    inferenceGeo: readText(usage['inference_geo']),
    passes,
    unknownParts: unknownPartsOf(usage),
  };
}

/**
 * Merges the `usage` of a `message_delta` into what `message_start` said. Counts are cumulative: they replace, and a null or an
 * absent one leaves what stood there (facts section 2: same rule as the SDK's MessageStream).
 */
export function mergeUsage(start: WireObject, delta: WireObject): WireObject {
  const merged: Record<string, unknown> = { ...start };
  for (const [key, value] of Object.entries(delta)) {
    if (value !== null && value !== undefined) merged[key] = value;
  }
  return merged;
}

const knownTokens = new Set([
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
]);
const knownLifetimes = new Set(['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens']);
/** Searches are priced; fetches are free; code execution is billed by the hour and told nowhere (facts section 4). */
const knownTools = new Set(['web_search_requests', 'web_fetch_requests', 'code_execution_requests']);
const knownPasses = new Set(['message', 'compaction', 'advisor_message', 'fallback_message']);

/** By path, such as "cache_creation.ephemeral_24h_input_tokens". Fields that are no counts are information and cost nothing. */
function unknownPartsOf(usage: WireObject): string[] {
  const unknown: string[] = [];
  addUnknown(unknown, usage, knownTokens, '', '_tokens');
  addUnknown(unknown, usage['cache_creation'], knownLifetimes, 'cache_creation.');
  addUnknown(unknown, usage['server_tool_use'], knownTools, 'server_tool_use.');
  const passes: readonly unknown[] = Array.isArray(usage['iterations']) ? usage['iterations'] : [];
  const inPasses: string[] = [];
  for (const pass of passes) {
    if (!isWireObject(pass)) continue;
    addUnknown(inPasses, pass, knownTokens, 'iterations.', '_tokens');
    addUnknown(inPasses, pass['cache_creation'], knownLifetimes, 'iterations.cache_creation.');
    if (!knownPasses.has(readText(pass['type']) ?? 'message'))
      inPasses.push(`iterations of type ${String(pass['type'])}`);
  }
  return passes.length === 0 ? unknown : [...unknown, ...new Set(inPasses)];
}

/** Adds the counts that are not `known`, of those whose name ends as told. Plain loops: this looks at every usage there is. */
function addUnknown(to: string[], wire: unknown, known: ReadonlySet<string>, path: string, ending = ''): void {
  if (!isWireObject(wire)) return;
  for (const key of Object.keys(wire)) {
    if (!known.has(key) && key.endsWith(ending) && readCount(wire[key]) > 0) to.push(`${path}${key}`);
  }
}

function readPass(wire: WireObject): Pass {
  return { kind: readText(wire['type']) ?? 'message', model: readText(wire['model']), ...readCounts(wire, []) };
}

/**
 * `cache_creation` is a split inside `cache_creation_input_tokens`. A delta has no split, so when the total grew past the split
 * known from the start, the split is taken from the passes; failing that the growth counts as 5-minute writes (facts section 2).
 */
function readCounts(wire: WireObject, passes: readonly Pass[]): TokenCounts {
  const split = isWireObject(wire['cache_creation']) ? wire['cache_creation'] : {};
  const total = readCount(wire['cache_creation_input_tokens']);
  let write5m = readCount(split['ephemeral_5m_input_tokens']);
  let write1h = readCount(split['ephemeral_1h_input_tokens']);
  if (total > write5m + write1h) {
    const fromPasses = passes.reduce(
      (sum, pass) => ({ w5: sum.w5 + pass.cacheWrite5mTokens, w1: sum.w1 + pass.cacheWrite1hTokens }),
      { w5: 0, w1: 0 },
    );
    if (fromPasses.w5 + fromPasses.w1 === total) {
      write5m = fromPasses.w5;
      write1h = fromPasses.w1;
    } else {
      write5m = total - write1h;
    }
  }
  return {
    inputTokens: readCount(wire['input_tokens']),
    cacheWrite5mTokens: write5m,
    cacheWrite1hTokens: write1h,
    cacheReadTokens: readCount(wire['cache_read_input_tokens']),
    outputTokens: readCount(wire['output_tokens']),
  };
}

/** Everything the model read: uncached input, cache writes and cache reads. This is the context a gauge shows. */
export function promptTokens(counts: TokenCounts): number {
  return counts.inputTokens + counts.cacheWrite5mTokens + counts.cacheWrite1hTokens + counts.cacheReadTokens;
}

export function addCounts(a: TokenCounts, b: TokenCounts): TokenCounts {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cacheWrite5mTokens: a.cacheWrite5mTokens + b.cacheWrite5mTokens,
    cacheWrite1hTokens: a.cacheWrite1hTokens + b.cacheWrite1hTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  };
}

/**
 * The passes that Anthropic bills. With none reported the whole usage is the one pass. In a fallback chain an attempt that was
 * declined before any output is listed and not billed (facts section 1: refusals and fallback); a refusal without output is free.
 * A `max_tokens: 0` warm-up also has no output and IS billed, hence the test on how the call ended.
 */
export function billedPasses(usage: Usage, stopReason: string | null): readonly Pass[] {
  const passes = usage.passes.length > 0 ? usage.passes : [{ ...pickCounts(usage), kind: 'message', model: null }];
  const hasFallback = passes.some((pass) => pass.kind === 'fallback_message');
  const isRefused = stopReason === 'refusal';
  return passes.filter((pass) => {
    if (pass.outputTokens > 0) return true;
    if (isRefused) return false;
    return !(hasFallback && pass.kind === 'message');
  });
}

function pickCounts(counts: TokenCounts): TokenCounts {
  const { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens } = counts;
  return { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens };
}
