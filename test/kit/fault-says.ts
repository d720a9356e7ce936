/** What a client got and what the ledger holds, each in the few words of the fault matrix. */
import type { ExportedCall } from '../../shared/contract/export.ts';
import { bytesOf, openRaw, type RawAnswer } from './raw-http.ts';

/** "504 timeout_error" for an error in Anthropic's shape, else the status alone. */
export function clientSays({ status, body }: Pick<RawAnswer, 'status' | 'body'>): string {
  return [String(status), errorTypeOf(body.toString())].filter((part) => part !== null).join(' ');
}

function errorTypeOf(text: string): string | null {
  try {
    const answer = JSON.parse(text) as { type?: unknown; error?: { type?: unknown; message?: unknown } };
    if (answer.type !== 'error' || typeof answer.error?.message !== 'string') return null;
    return typeof answer.error.type === 'string' ? answer.error.type : null;
  } catch {
    // Not JSON.
    return null;
  }
}

/** "partial, estimated, priced" or "failed, $0" or "complete, unpriced"; "no call" without a row. */
export function ledgerSays(row: ExportedCall | undefined): string {
  if (row === undefined) return 'no call';
  const cost = row.cost_nano_usd === null ? 'unpriced' : row.cost_nano_usd === 0 ? '$0' : 'priced';
  return [row.status, ...(row.estimated ? ['estimated'] : []), cost].join(', ');
}

/** Posts one streamed call and says what came of it: the error, or the status and whether the answer was whole. */
export async function seenBy(url: string): Promise<string> {
  const body = '{"model":"claude-sonnet-5-5","stream":true,"messages":[{"role":"user","content":"hi"}]}';
  const incoming = await openRaw(url, { method: 'POST', body });
  const status = incoming.statusCode ?? 0;
  try {
    const bytes = await bytesOf(incoming);
    return status === 200 ? '200, whole' : clientSays({ status, body: bytes });
  } catch {
    // The connection was cut.
    return `${status}, cut`;
  }
}
