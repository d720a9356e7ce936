/**
 * Writes rows of `calls`, one at a time or many with one statement. A row may wait for others: a statement costs its
 * parameters and itself, and of the second each row then bears a part. Whoever needs the number is told it then. Whoever reads `calls`, or ends the transaction, calls `flush` before.
 */
import type { Db } from '../system/db.ts';
import { columnNames, type CallValues } from './call-columns.ts';
import { linesText, type Lines } from './charge-text.ts';

/** What the row says beyond the call itself. */
export type RowFacts = {
  readonly day: string;
  readonly revision: number;
  readonly correctsSeq: number | bigint | null;
  readonly correctionReason: string | null;
  readonly repeatOf: string | null;
  readonly lines: Lines;
};

/** The row's number, once it has one. */
export type OnSeq = (seq: number) => void;

export type CallInserts = {
  /** Behind those that wait. @throws SqliteError (constraint) when this revision of the call stands already. */
  readonly insert: (values: CallValues, facts: RowFacts) => { readonly seq: number | bigint };
  /** With some that come after it, or by `flush`, in the order in which they came. What is wrong with it is thrown then. */
  readonly add: (values: CallValues, facts: RowFacts, onSeq?: OnSeq) => void;
  readonly flush: () => void;
  /** Whether a row of this call is among those that wait. */
  readonly isWaiting: (callId: string) => boolean;
  /** The transaction failed: nothing of it counts. */
  readonly forget: () => void;
};

const names = [...columnNames, 'day', 'revision', 'corrects_seq', 'correction_reason', 'repeat_of', 'charge_lines'];

const idAt = names.indexOf('id');

/** With more rows a statement gains little, and its text and parameters grow. */
const rowsAtOnce = 32;

/**
 * Half of a row is null, and a column that an INSERT does not name is null too: a statement for each set of columns that are named, since binding is
 * what a row costs most. There are a handful of sets (by source and ending); were there ever many, the rest would share the full statement.
 */
const statementsMax = 100;

type Row = readonly unknown[];

export function createCallInserts(db: Db): CallInserts {
  const insertOne = prepareInserts(db, 1);
  const insertMany = prepareInserts(db, rowsAtOnce);
  let waiting: Row[] = [];
  let told: (OnSeq | undefined)[] = [];

  function flush(): void {
    const [rows, onSeqs] = [waiting, told];
    waiting = [];
    told = [];
    if (rows.length === rowsAtOnce) {
      // The rows of one statement are numbered one after the other.
      const firstSeq = Number(insertMany(rows).seq) - rowsAtOnce + 1;
      for (const [index, onSeq] of onSeqs.entries()) onSeq?.(firstSeq + index);
      return;
    }
    for (const [index, row] of rows.entries()) {
      const { seq } = insertOne([row]);
      onSeqs[index]?.(Number(seq));
    }
  }

  return {
    insert: (values, facts) => {
      flush();
      return insertOne([rowOf(values, facts)]);
    },
    add: (values, facts, onSeq) => {
      waiting.push(rowOf(values, facts));
      told.push(onSeq);
      if (waiting.length === rowsAtOnce) flush();
    },
    flush,
    isWaiting: (callId) => waiting.some((row) => row[idAt] === callId),
    forget: () => {
      waiting = [];
      told = [];
    },
  };
}

function rowOf(values: CallValues, { day, revision, correctsSeq, correctionReason, repeatOf, lines }: RowFacts): Row {
  return [...values, day, revision, correctsSeq, correctionReason, repeatOf, linesText(lines)];
}

/** Of so many rows at once. */
function prepareInserts(db: Db, rowCount: number): (rows: readonly Row[]) => { readonly seq: number | bigint } {
  const prepare = (named: readonly number[]) => {
    const row = `(${named.map(() => '?').join(', ')})`;
    const columns = named.map((index) => names[index]).join(', ');
    const rows = Array.from({ length: rowCount }, () => row).join(', ');
    return { named, run: db.prepare<unknown[]>(`INSERT INTO calls (${columns}) VALUES ${rows}`) };
  };
  const full = prepare(names.map((_name, index) => index));
  const statements = new Map<number, typeof full>();

  function statementFor(rows: readonly Row[]): typeof full {
    const shape = shapeOf(rows);
    const known = statements.get(shape);
    if (known || statements.size >= statementsMax) return known ?? full;
    const made = prepare(full.named.filter((index) => rows.some((row) => row[index] !== null)));
    statements.set(shape, made);
    return made;
  }

  return (rows) => {
    const { named, run } = statementFor(rows);
    const values: unknown[] = [];
    for (const row of rows) for (const index of named) values.push(row[index]);
    // Spread: the driver binds arguments faster than the elements of an array.
    return { seq: run.run(...values).lastInsertRowid };
  };
}

/** Which columns any of the rows names, as one number of a bit each; the lower ones and the others apart, since bit operations know 32 bits. */
function shapeOf(rows: readonly Row[]): number {
  let low = 0;
  let high = 0;
  for (const row of rows) {
    for (let index = 0; index < row.length; index++) {
      if (row[index] === null) continue;
      if (index < lowBits) low |= 1 << index;
      else high |= 1 << (index - lowBits);
    }
  }
  return high * 2 ** lowBits + low;
}

const lowBits = 30;
