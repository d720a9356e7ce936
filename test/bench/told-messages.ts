/** The messages of transcripts, read for the bench by the documented rule and by nothing of the intake: last state of each, and its request ids. Pure. */
import { isWireObject, readCount, readText, type WireObject } from '../../shared/usage.ts';
import type { ToldMessage } from './import-differences.ts';

/** `lines` are whole lines of JSON. */
export function toldMessages(lines: Iterable<string>): ToldMessage[] {
  const told = new Map<string, Omit<ToldMessage, 'requests'> & { readonly requests: Set<string> }>();
  for (const line of lines) {
    const entry = JSON.parse(line) as WireObject;
    const message = isWireObject(entry['message']) ? entry['message'] : {};
    const [id, model] = [readText(message['id']), readText(message['model'])];
    const usage = message['usage'];
    if (id === null || model === null || !isWireObject(usage) || model === '<synthetic>') continue;
    const known = told.get(id);
    const requests = (known?.requests ?? new Set<string>()).add(readText(entry['requestId']) ?? '');
    const isLater = !known || readCount(usage['output_tokens']) >= readCount(known.usage['output_tokens']);
    const atMs = known?.atMs ?? Date.parse(readText(entry['timestamp']) ?? '');
    const stopReason = readText(message['stop_reason']) ?? known?.stopReason ?? null;
    told.set(id, { model, atMs, stopReason, requests, usage: isLater ? usage : known.usage });
  }
  return [...told.values()].map(({ requests, ...message }) => ({ ...message, requests: requests.size }));
}
