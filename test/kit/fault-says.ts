/** What a client got and what the ledger holds, each in the few words of the fault matrix. */
import type { ExportedCall } from '../../shared/contract/export.ts';
import type { RawAnswer } from './raw-http.ts';

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
