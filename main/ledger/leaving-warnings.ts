/**
 * Warnings about what leaves Stripe's window or an invoice: each is told once, whoever is restarted. The newest hundred are kept. The writing side.
 */
import type { LeavingWarning } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';

const warningsMax = 100;

/** `key` names what is warned of: what leaves, and which day it does. Gives back those that had not been told. */
export function keepLeavingWarnings(db: Db, warnings: readonly LeavingWarning[]): LeavingWarning[] {
  return db.transaction(() => {
    const keep = db.prepare('INSERT OR IGNORE INTO leaving_warnings VALUES (@key, @atMs, @sentence)');
    const fresh = warnings.filter((warning) => keep.run(warning).changes > 0);
    db.prepare(
      'DELETE FROM leaving_warnings WHERE key NOT IN (SELECT key FROM leaving_warnings ORDER BY at_ms DESC, key LIMIT ?)',
    ).run(warningsMax);
    return fresh;
  })();
}

/** Told within the last two days, the newest first. */
export function readLeavingWarnings(db: Db, nowMs: number): LeavingWarning[] {
  return db
    .prepare<[number], LeavingWarning>(
      'SELECT key, at_ms AS atMs, sentence FROM leaving_warnings WHERE at_ms >= ? ORDER BY at_ms DESC, key LIMIT 10',
    )
    .all(nowMs - 48 * 3_600_000);
}
