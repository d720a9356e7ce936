/** The setting `adjustSentEvents`, kept with the ledger so that every reading of it knows what will be adjusted by itself. */
import type { Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';

export function adjustsSentEvents(db: Db): boolean {
  return readFact(db, 'adjusts_sent_events') !== 'false';
}

export function setAdjustsSentEvents(db: Db, isOn: boolean): void {
  if (adjustsSentEvents(db) !== isOn) writeFact(db, 'adjusts_sent_events', String(isOn));
}
