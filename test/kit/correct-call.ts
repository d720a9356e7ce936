/** Corrections of calls as pricing again and assigning make them. */
import { prepareReadCall } from '../../main/ledger/call-row.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';
import type { LedgerDb } from './ledger-db.ts';

/** The call turns out to have had so many more tokens, or fewer, or to be somebody else's. */
export type CallChange = { readonly output?: number; readonly cacheRead?: number; readonly customer?: string };

/** A new revision of the call, with what it costs now. */
export function correctCall(
  { db, recorder }: Pick<LedgerDb, 'db' | 'recorder'>,
  id: string,
  { output = 0, cacheRead = 0, customer }: CallChange,
): void {
  const stored = prepareReadCall(db)(id);
  if (stored === null) throw new Error(`there is no call ${id}`);
  const { call } = stored;
  const outputTokens = Math.max(0, call.outputTokens + output);
  const cacheReadTokens = Math.max(0, call.cacheReadTokens + cacheRead);
  const anew = { ...call, outputTokens, cacheReadTokens, usageJson: null, customer: customer ?? call.customer };
  const price = repriceCall(anew, currentBook);
  if (price === null) throw new Error('the book knows the model');
  const { lines, ...figures } = price;
  db.transaction(() => {
    recorder.correct(stored, { ...anew, ...figures }, lines, 'A test says so.');
    recorder.writeRollups();
  })();
}
