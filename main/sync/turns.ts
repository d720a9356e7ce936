/**
 * Whose turn it is to be asked about: what Stripe refuses to tell is put off by a day, what it failed to tell comes after the others, so that neither holds
 * up what stands behind it. Kept in memory: after a restart each is asked about once more.
 */
import type { Clock } from '../system/clock.ts';

export const putOffMs = 24 * 3_600_000;

export type Turns<Row> = {
  /** So many rows may stand before others without having their turn. */
  readonly passedOver: () => number;
  /** In the order of their turns, without those that are put off. */
  readonly inTurn: (rows: readonly Row[]) => Row[];
  readonly putOff: (row: Row, sentence: string) => void;
  readonly failed: (row: Row) => void;
  readonly answered: (row: Row) => void;
  /** Why one is put off; null when none is. */
  readonly sentence: () => string | null;
};

/** Null: it failed, and is only behind the others. */
type Kept = { readonly atMs: number; readonly sentence: string | null };

export function createTurns<Row>(clock: Clock, keyOf: (row: Row) => string): Turns<Row> {
  const kept = new Map<string, Kept>();

  /** Older ones, and those of a clock that has been put back since, are forgotten. */
  function current(): ReadonlyMap<string, Kept> {
    const nowMs = clock.nowMs();
    for (const [key, { atMs }] of kept) if (Math.abs(nowMs - atMs) >= putOffMs) kept.delete(key);
    return kept;
  }

  return {
    passedOver: () => current().size,
    inTurn: (rows) => {
      const known = current();
      const [first, last]: [Row[], Row[]] = [[], []];
      for (const row of rows) {
        const of = known.get(keyOf(row));
        if (of === undefined) first.push(row);
        else if (of.sentence === null) last.push(row);
      }
      return [...first, ...last];
    },
    putOff: (row, sentence) => void kept.set(keyOf(row), { atMs: clock.nowMs(), sentence }),
    failed: (row) => void kept.set(keyOf(row), { atMs: clock.nowMs(), sentence: null }),
    answered: (row) => void kept.delete(keyOf(row)),
    sentence: () => {
      for (const { sentence } of current().values()) if (sentence !== null) return sentence;
      return null;
    },
  };
}
