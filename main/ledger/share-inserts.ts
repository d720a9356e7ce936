/**
 * Writes rows of `outbox_shares`, many with one statement: a statement costs itself beside its parameters, and of sixteen rows each bears a part.
 * Whoever reads the shares, or ends the transaction, calls `flush` before.
 */
import type { PlannedMeter } from '../../shared/plan-meters.ts';
import type { Db } from '../system/db.ts';

export type ShareRow = readonly [
  seq: number | bigint,
  customer: string | null,
  meter: string,
  minuteMs: number,
  amountThousandths: number,
  worthNanoUsd: number | null,
  plan: number | null,
];

export type ShareInserts = {
  readonly add: (meter: PlannedMeter, row: ShareRow) => void;
  readonly flush: () => void;
  /** The transaction failed: nothing of it counts. */
  readonly forget: () => void;
};

const rowsAtOnce = 16;
/** More than any team has models and classes: beyond it they are looked up again. */
const metersKnownMax = 10_000;

export function createShareInserts(db: Db): ShareInserts {
  const prepare = (rows: number) =>
    db.prepare<unknown[]>(
      `INSERT INTO outbox_shares (call_seq, customer, meter, minute_ms, amount_thousandths, worth_nano_usd, plan) VALUES ${Array(
        rows,
      )
        .fill('(?, ?, ?, ?, ?, ?, ?)')
        .join(', ')}`,
    );
  const insertOne = prepare(1);
  const insertMany = prepare(rowsAtOnce);
  const noteMeter = db.prepare(
    'INSERT OR IGNORE INTO meter_units (meter, unit, token_class, model) VALUES (?, ?, ?, ?)',
  );
  const metersKnown = new Set<string>();
  let waiting: unknown[] = [];
  let rowsWaiting = 0;

  function flush(): void {
    const values = waiting;
    const rows = rowsWaiting;
    waiting = [];
    rowsWaiting = 0;
    if (rows === rowsAtOnce) insertMany.run(...values);
    else for (let row = 0; row < rows; row++) insertOne.run(...values.slice(row * 7, row * 7 + 7));
  }

  return {
    add: ({ eventName, unit, tokenClass, model }, row) => {
      // A meter is written down with its unit before anything is counted on it.
      if (!metersKnown.has(eventName)) {
        noteMeter.run(eventName, unit, tokenClass, model);
        if (metersKnown.size >= metersKnownMax) metersKnown.clear();
        metersKnown.add(eventName);
      }
      waiting.push(...row);
      rowsWaiting += 1;
      if (rowsWaiting === rowsAtOnce) flush();
    },
    flush,
    forget: () => {
      waiting = [];
      rowsWaiting = 0;
      metersKnown.clear();
    },
  };
}
