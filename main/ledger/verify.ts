/**
 * The ledger's own consistency, checked on demand: charge lines add up to calls, rollups to calls, meter events to their shares.
 * Names what differs in plain words; changes nothing.
 */
import { isDamage, type Db } from '../system/db.ts';
import { rollupsFromCalls } from './rollup.ts';
import { verifyPlans } from './verify-plans.ts';

export type VerifyFinding = { readonly check: string; readonly sentence: string };
export type Verification = { readonly calls: number; readonly findings: readonly VerifyFinding[] };

type Check = { readonly name: string; readonly sql: string; readonly say: (key: string) => string };

/** Findings named per check; a damaged ledger has thousands of the same, which nobody reads. */
const findingsPerCheckMax = 20;

const checks: readonly Check[] = [
  {
    name: 'once',
    // Invariant 5: whichever way a message came in, one call counts it, and the schema's key names that call.
    sql: `SELECT message_id FROM current_calls WHERE message_id IS NOT NULL GROUP BY message_id HAVING COUNT(*) > 1
          UNION SELECT c.message_id FROM current_calls c LEFT JOIN call_keys k ON k.key = c.message_id
                 WHERE c.message_id IS NOT NULL AND k.call_id IS NOT c.id`,
    say: (id) => `The message ${id} stands twice.`,
  },
  {
    name: 'corrections',
    sql: `SELECT n.id FROM calls n LEFT JOIN calls o ON o.seq = n.corrects_seq
           WHERE n.revision > 1 AND (o.id IS NOT n.id OR o.revision IS NOT n.revision - 1)`,
    say: (id) => `A correction of ${id} does not follow the row it corrects.`,
  },
  {
    name: 'charge lines',
    // Exact: a rounding line carries the difference of the one rounding, so the lines equal the cost to the pico-dollar.
    sql: `SELECT id FROM calls c
           WHERE (SELECT COALESCE(SUM((value ->> 2) * (value ->> 3)), 0) FROM json_each(c.charge_lines)) <> COALESCE(cost_nano_usd, 0) * 1000`,
    say: (id) => `The charge lines of ${id} do not add up to its cost.`,
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
          HAVING COALESCE(SUM(s.amount_thousandths), 0) + e.carried_in_thousandths <> e.value * 1000 + e.carried_out_thousandths OR COUNT(s.call_seq) <> e.calls`,
    say: (id) => `The meter event ${id} is not the sum of its calls.`,
  },
  {
    name: 'remainders',
    // What is sealed = what was sent in whole units of the meter + what is carried: nothing is lost to rounding, nothing is billed out of nothing.
    sql: `SELECT COALESCE(r.customer, s.customer) FROM (
            SELECT customer, meter, SUM(amount_thousandths) AS thousandths FROM outbox_shares WHERE event_id IS NOT NULL GROUP BY 1, 2) s
          FULL JOIN remainders r USING (customer, meter)
          LEFT JOIN (SELECT customer, meter, SUM(value) * 1000 AS thousandths FROM meter_events GROUP BY 1, 2) e
                 ON e.customer = COALESCE(r.customer, s.customer) AND e.meter = COALESCE(r.meter, s.meter)
           WHERE COALESCE(s.thousandths, 0) <> COALESCE(e.thousandths, 0) + COALESCE(r.thousandths, 0)`,
    say: (customer) => `What is carried over for ${customer} is not what its meter events left.`,
  },
  {
    name: 'billed',
    // A repeat costs nothing, and a price of nothing is no share of money. What token plans count: verify-plans.ts.
    sql: `SELECT c.id FROM current_calls c
           WHERE c.source IN ('proxy', 'batch') AND c.customer IS NOT NULL AND c.cost_nano_usd > 0
             AND COALESCE((SELECT p.plan ->> 'kind' FROM plans p WHERE p.from_ms <= c.started_at_ms ORDER BY p.from_ms DESC LIMIT 1), 'cost') = 'cost'
             AND NOT EXISTS (SELECT 1 FROM calls r JOIN outbox_shares s ON s.call_seq = r.seq WHERE r.id = c.id)`,
    say: (id) => `${id} has a customer and a cost and is in no meter event, sealed or open.`,
  },
  {
    name: 'shares',
    sql: `SELECT c.id FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq GROUP BY c.id, s.customer, s.meter HAVING COUNT(*) > 1`,
    say: (id) => `${id} is billed twice.`,
  },
];

/** Of a damaged file it says what can be said. @throws SqliteError when it cannot be read for another reason. */
export function verifyLedger(db: Db): Verification {
  try {
    // One read transaction: a call settled between two checks must not look like a difference.
    return db.transaction(() => verifyAtOnce(db))();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { calls: 0, findings: [damaged(error instanceof Error ? error.message : String(error))] };
  }
}

function verifyAtOnce(db: Db): Verification {
  const damage = db
    .prepare<[], string>('PRAGMA integrity_check(5)')
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
  const calls = db.prepare<[], number>('SELECT COUNT(*) FROM current_calls').pluck().get() ?? 0;
  return { calls, findings: [...damage.map(damaged), ...findings, ...verifyPlans(db, findingsPerCheckMax)] };
}

function damaged(line: string): VerifyFinding {
  return { check: 'file', sentence: `The database file is damaged: ${line.replaceAll('\n', ' ')}` };
}
