/** Facts about the ledger itself, as name and value: its id, the time zone of its days, whether it holds demo data, its gaps. */
import type { Db } from '../system/db.ts';

export type FactName =
  | 'ledger_id'
  | 'time_zone'
  | 'is_demo'
  | 'stripe_reports_read_ms'
  | 'adjusts_sent_events'
  | 'output_calibration'
  | 'limits_memory'
  | 'distrusts_journal'
  | 'gaps';

export function readFact(db: Db, name: FactName): string | null {
  const row = db.prepare<[string], { value: string }>('SELECT value FROM ledger_facts WHERE name = ?').get(name);
  return row?.value ?? null;
}

export function writeFact(db: Db, name: FactName, value: string): void {
  db.prepare(
    'INSERT INTO ledger_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(name, value);
}
