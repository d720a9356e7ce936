/**
 * What a processor profile of V8 says of the parts of the product: the time of each function goes to the part its file belongs to; what Node or V8 does
 * goes to the part of ours that asked for it, but for sockets, which are told by themselves. Pure.
 */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
};

/** The first that matches a file says what it is part of. Files are those of a build, where shared/ stands in main/. */
const parts: readonly (readonly [RegExp, string])[] = [
  [
    /proxy\/inspect|shared\/(?:prompt-|text-measure|media-tokens|client-session|base64)|system\/hash-text/,
    'looking into the request',
  ],
  [/\/limits\/|shared\/conversation-/, 'limits and conversations'],
  [/\/ledger\//, 'making it durable, and handing it to the ledger'],
  [/proxy\/(?:observe|sse|tap|decode|call-end)/, 'reading the answer'],
  [/shared\/(?:settle|pricing|usage|money|billable)|\/live\//, 'settle, price and the live picture'],
  [/\/undici\//, 'undici: the connection to the upstream'],
  [/\/proxy\/|system\//, 'carrying it'],
];
const sockets = 'Node: sockets and HTTP';
const socketFiles = /^node:(?:net|http|_http|internal\/(?:streams|stream_base|http)|stream|events)/;
const untold: Readonly<Record<string, string | null>> = {
  '(idle)': null,
  '(root)': null,
  '(garbage collector)': 'collecting garbage',
  '(program)': 'V8 and the kernel, not told apart',
};
const other = 'Node: its loop, timers and promises';

/** Microseconds by part, the largest first; idle time is in none. */
export function timeByPart({ nodes, samples, timeDeltas }: CpuProfile): readonly (readonly [string, number])[] {
  const partOfNode = partsOfNodes(nodes);
  const sums = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const part = partOfNode.get(id) ?? null;
    if (part !== null) sums.set(part, (sums.get(part) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return [...sums].toSorted((a, b) => b[1] - a[1]);
}

/** Parents come before their children in a profile. */
function partsOfNodes(nodes: CpuProfile['nodes']): ReadonlyMap<number, string | null> {
  const found = new Map<number, string | null>();
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  for (const { id, callFrame } of nodes) {
    const inherited = found.get(parentOf.get(id) ?? -1) ?? null;
    found.set(id, partOf(callFrame, inherited));
  }
  return found;
}

function partOf({ functionName, url }: { functionName: string; url: string }, inherited: string | null): string | null {
  if (Object.hasOwn(untold, functionName)) return untold[functionName] ?? null;
  if (socketFiles.test(url)) return sockets;
  if (url === '' || url.startsWith('node:') || url.startsWith('wasm:')) return inherited ?? other;
  return parts.find(([file]) => file.test(url))?.[1] ?? inherited ?? other;
}
