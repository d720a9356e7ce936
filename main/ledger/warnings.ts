/** The warnings that conversations were given: kept for whoever asks later, the newest ten thousand. */
import type { KeptWarning } from '../../shared/contract/limits-start.ts';
import type { Db } from '../system/db.ts';

const warningsMax = 10_000;

export function keepWarnings(db: Db, warnings: readonly KeptWarning[]): void {
  const insert = db.prepare<unknown[]>(
    'INSERT INTO warnings (at_ms, conversation, cause, sentence, remedy, value, unit) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  db.transaction(() => {
    for (const { atMs, conversation, cause, sentence, remedy, number } of warnings)
      insert.run(atMs, conversation, cause, sentence, remedy, number.value, number.unit);
    db.prepare('DELETE FROM warnings WHERE seq <= (SELECT MAX(seq) FROM warnings) - ?').run(warningsMax);
  })();
}

type StoredWarning = Omit<KeptWarning, 'number'> & {
  readonly value: number;
  readonly unit: KeptWarning['number']['unit'];
};

/** The oldest first. */
export function readWarnings(db: Db, sinceMs: number): KeptWarning[] {
  return db
    .prepare<[number, number], StoredWarning>(
      `SELECT at_ms AS atMs, conversation, cause, sentence, remedy, value, unit FROM warnings WHERE at_ms >= ? ORDER BY seq LIMIT ?`,
    )
    .all(sinceMs, warningsMax)
    .map(({ value, unit, ...warning }) => ({ ...warning, number: { value, unit } }));
}
