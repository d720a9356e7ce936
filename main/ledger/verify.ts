/**
 * The ledger's own consistency, checked on demand: charge lines add up to calls, rollups to calls, meter events to their shares.
 * Names what differs in plain words; changes nothing.
 */
import type { Db } from '../system/db.ts';
import { rollupsFromCalls } from './rollup.ts';

export type VerifyFinding = { readonly check: string; readonly sentence: string };
export type Verification = { readonly calls: number; readonly findings: readonly VerifyFinding[] };

type Check = { readonly name: string; readonly sql: string; readonly say: (key: string) => string };

/** Findings named per check; a damaged ledger has thousands of the same, which nobody reads. */
const findingsPerCheckMax = 20;

const checks: readonly Check[] = [
  {
    name: 'charge lines',
    // Exact: a rounding line carries the difference of the one rounding, so the lines equal the cost to the pico-dollar.
    sql: `SELECT c.id FROM calls c LEFT JOIN charge_lines l ON l.call_seq = c.seq
           GROUP BY c.seq HAVING COALESCE(SUM(l.amount_pico_usd), 0) <> COALESCE(c.cost_nano_usd, 0) * 1000`,
    say: (id) => `The charge lines of ${id} do not add up to its cost.`,
  },
  {
    name: 'line amounts',
    sql: `SELECT DISTINCT c.id FROM charge_lines l JOIN calls c ON c.seq = l.call_seq
           WHERE l.quantity * l.unit_price_pico_usd <> l.amount_pico_usd`,
    say: (id) => `A charge line of ${id} is not its quantity times its unit price.`,
  },
  {
    name: 'rollups',
    sql: `SELECT day || ' ' || member || ' ' || project || ' ' || model FROM (
            SELECT day, member, project, customer, model, calls, failed_calls, unpriced_calls, estimated_calls, cost_nano_usd, input_tokens,
                   cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, web_search_requests FROM rollups
            EXCEPT SELECT * FROM (${rollupsFromCalls}))
          UNION SELECT day || ' ' || member || ' ' || project || ' ' || model FROM (
            SELECT * FROM (${rollupsFromCalls})
            EXCEPT SELECT day, member, project, customer, model, calls, failed_calls, unpriced_calls, estimated_calls, cost_nano_usd,
                          input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens,
                          web_search_requests FROM rollups)`,
    say: (key) => `The rollup of ${key} is not the sum of its calls.`,
  },
  {
    name: 'meter events',
    sql: `SELECT e.id FROM meter_events e LEFT JOIN outbox_shares s ON s.event_id = e.id
           GROUP BY e.id
          HAVING COALESCE(SUM(s.billable_nano_usd), 0) + e.carried_in_nano <> e.value * 1000 + e.carried_out_nano OR COUNT(s.call_seq) <> e.calls`,
    say: (id) => `The meter event ${id} is not the sum of its calls.`,
  },
  {
    name: 'in flight',
    sql: 'SELECT f.id FROM in_flight f JOIN calls c ON c.id = f.id',
    say: (id) => `${id} is settled and in flight at once.`,
  },
];

export function verifyLedger(db: Db): Verification {
  // One read transaction: a call settled between two checks must not look like a difference.
  return db.transaction(() => {
    const damage = db
      .prepare<[], string>('PRAGMA quick_check(5)')
      .pluck()
      .all()
      .filter((line) => line !== 'ok');
    const findings = checks.flatMap(({ name, sql, say }) =>
      db
        .prepare<[], string>(`${sql} LIMIT ${findingsPerCheckMax}`)
        .pluck()
        .all()
        .map((key) => ({ check: name, sentence: say(key) })),
    );
    const damaged = damage.map((line) => ({ check: 'file', sentence: `The database file is damaged: ${line}` }));
    const calls = db.prepare<[], number>('SELECT COUNT(*) FROM calls').pluck().get() ?? 0;
    return { calls, findings: [...damaged, ...findings] };
  })();
}
