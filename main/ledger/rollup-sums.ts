/**
 * The changes of one transaction to the rollups, gathered in memory and written before it commits: a group of settles touches a handful of
 * rollup rows, each once. Corrections take the old row's part away and add the new one's. After a transaction that failed, `forget`.
 */
import type { CallRecord } from '../../shared/call.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { Db } from '../system/db.ts';

export type RollupSums = {
  readonly add: (call: CallRecord, day: string) => void;
  readonly subtract: (call: CallRecord, day: string) => void;
  /** Writes what has gathered, inside the caller's transaction, and tells what it came to by day. */
  readonly write: () => DayChange[];
  readonly forget: () => void;
};

const sumNames = [
  'calls',
  'failed_calls',
  'unpriced_calls',
  'estimated_calls',
  'cost_nano_usd',
  'input_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'cache_read_tokens',
  'output_tokens',
  'web_search_requests',
] as const;

type Sums = number[];
type Key = readonly [day: string, member: string, project: string, customer: string, model: string];
type Gathered = { readonly key: Key; readonly sums: Sums };

export function createRollupSums(db: Db): RollupSums {
  const gathered = new Map<string, Gathered>();
  /** Calls that come one after the other mostly belong together, and a row is found by its last one faster than by its name. */
  let last: Gathered | null = null;
  let hasSubtracted = false;
  const upsert = db.prepare<unknown[]>(
    `INSERT INTO rollups (day, member, project, customer, model, ${sumNames.join(', ')})
     VALUES (?, ?, ?, ?, ?, ${sumNames.map(() => '?').join(', ')})
     ON CONFLICT (day, member, project, customer, model) DO UPDATE SET
       ${sumNames.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  );
  // A key whose last call was corrected away must vanish, or it would stand as a row of zeros that no call explains.
  const removeEmpty = db.prepare<unknown[]>(
    'DELETE FROM rollups WHERE day = ? AND member = ? AND project = ? AND customer = ? AND model = ? AND calls = 0',
  );

  function rowOf(call: CallRecord, day: string): Gathered {
    const member = call.member ?? '';
    const project = call.project ?? '';
    const customer = call.customer ?? '';
    const model = call.model ?? call.requestedModel ?? '';
    if (last !== null) {
      const [d, m, p, c, o] = last.key;
      if (d === day && m === member && p === project && c === customer && o === model) return last;
    }
    const key: Key = [day, member, project, customer, model];
    const name = key.join('\u0000');
    last = gathered.get(name) ?? { key, sums: sumNames.map(() => 0) };
    gathered.set(name, last);
    return last;
  }

  function change(call: CallRecord, day: string, sign: 1 | -1): void {
    addTo(rowOf(call, day).sums, sumsOf(call), sign);
  }

  function forget(): void {
    gathered.clear();
    last = null;
    hasSubtracted = false;
  }

  return {
    add: (call, day) => change(call, day, 1),
    subtract: (call, day) => {
      hasSubtracted = true;
      change(call, day, -1);
    },
    write: () => {
      for (const { key, sums } of gathered.values()) {
        upsert.run([...key, ...sums]);
        if (hasSubtracted) removeEmpty.run([...key]);
      }
      const days = dayChanges([...gathered.values()]);
      forget();
      return days;
    },
    forget,
  };
}

/** A plain loop: this runs for every call that is written. */
function addTo(sums: Sums, more: Sums, sign: 1 | -1): void {
  for (let index = 0; index < sums.length; index++) sums[index] = (sums[index] ?? 0) + sign * (more[index] ?? 0);
}

function sumsOf(call: CallRecord): Sums {
  return [
    1,
    Number(call.status === 'failed' || call.status === 'refused'),
    Number(call.costNanoUsd === null),
    Number(call.isEstimated),
    call.costNanoUsd ?? 0,
    call.inputTokens,
    call.cacheWrite5mTokens,
    call.cacheWrite1hTokens,
    call.cacheReadTokens,
    call.outputTokens,
    call.webSearchRequests,
  ];
}

function dayChanges(rows: readonly Gathered[]): DayChange[] {
  const days = new Map<string, DayChange>();
  for (const { key, sums } of rows) {
    const [calls = 0, failedCalls = 0, unpricedCalls = 0, estimatedCalls = 0, costNanoUsd = 0, ...counts] = sums;
    // The last sum is of web searches, which are no tokens.
    const tokens = counts.slice(0, -1).reduce((sum, count) => sum + count, 0);
    addDay(days, { day: key[0], calls, failedCalls, unpricedCalls, estimatedCalls, costNanoUsd, tokens });
  }
  return [...days.values()];
}

/** What putting `after` in the place of `before` does to the sums of their days. */
export function changeOfCorrection(before: CallRecord, beforeDay: string, after: CallRecord, afterDay: string) {
  const row = (call: CallRecord, day: string, sign: 1 | -1) => ({
    key: [day, '', '', '', ''] as const,
    sums: sumsOf(call).map((sum) => sign * sum),
  });
  return dayChanges([row(before, beforeDay, -1), row(after, afterDay, 1)]);
}

function addDay(days: Map<string, DayChange>, change: DayChange): void {
  const before = days.get(change.day);
  if (!before) return void days.set(change.day, change);
  days.set(change.day, {
    day: change.day,
    calls: before.calls + change.calls,
    failedCalls: before.failedCalls + change.failedCalls,
    unpricedCalls: before.unpricedCalls + change.unpricedCalls,
    estimatedCalls: before.estimatedCalls + change.estimatedCalls,
    costNanoUsd: before.costNanoUsd + change.costNanoUsd,
    tokens: before.tokens + change.tokens,
  });
}
