/**
 * The proxy's side of the ledger: a begin and a settle are durable in the journal, and settles are brought into the ledger behind it.
 * Promises: a begin answers when it is on the disk, or with `durable: false` when the disk refuses, so that the call still goes through; a settle that
 * was answered outlives this process; refused lines and rows are kept (bounded) and written once there is room; nothing here blocks the proxy's loop.
 */
import type { BegunCall, SettledCall } from '../../shared/call.ts';
import type { Clock } from '../system/clock.ts';
import { createApplyQueue, type ApplyQueueOptions, type OnApplied } from './apply-queue.ts';
import type { WriteTrouble } from './condition.ts';
import type { Journal } from './journal.ts';

export type BeginAnswer = { readonly durable: boolean };

export type LedgerWriter = {
  /** Takes room on the disk ahead of the first call, for whoever expects calls. */
  readonly prepare: () => void;
  readonly begin: (call: BegunCall) => Promise<BeginAnswer>;
  /**
   * Undefined when the settle outlives this process already; else resolves when it does, or the disk refuses; never rejects. `onApplied` runs when its row is in the ledger, a moment later or when
   * there is room again, and is told when the call did not become a row like any other.
   */
  readonly settle: (begun: BegunCall, settled: SettledCall, onApplied: OnApplied) => Promise<void> | undefined;
  /** Customers with calls that are not in the ledger yet, and when the first of them began. */
  readonly onTheirWay: () => OnTheirWay;
  /** What keeps calls from the disk, and how many wait; null while all is well. */
  readonly trouble: () => WriteTrouble | null;
  /** Resolves when everything handed over so far is in the ledger, or the last try has failed. */
  readonly flush: () => Promise<void>;
};

/** Pairs of a customer and an instant in milliseconds. */
export type OnTheirWay = readonly (readonly [customer: string, startedAtMs: number])[];

export type WriterOptions = Omit<ApplyQueueOptions, 'onApplied'> & { readonly journal: Journal; readonly clock: Clock };

export function createLedgerWriter({ journal, ...options }: WriterOptions): LedgerWriter {
  const applying = createApplyQueue({ ...options, onApplied: journal.applied });
  /** Only of calls that somebody is billed for. */
  const billed = new Map<string, readonly [string, number]>();

  return {
    prepare: journal.prepare,
    begin: (call) =>
      new Promise((resolve) => {
        if (call.customer !== null) billed.set(call.id, [call.customer, call.startedAtMs]);
        journal.begin(call.id, JSON.stringify(call), (durable) => resolve({ durable }));
      }),
    settle: (begun, settled, onApplied) => {
      const json = JSON.stringify({ begun, settled });
      let isSafe = false;
      let tell = () => {
        isSafe = true;
      };
      const number = journal.settle(begun.id, json, () => tell());
      applying.add(number, begun.id, json, (unusual) => {
        billed.delete(begun.id);
        onApplied(unusual);
      });
      if (isSafe) return undefined;
      return new Promise((resolve) => {
        tell = resolve;
      });
    },
    onTheirWay: () => {
      const first = new Map<string, number>();
      for (const [customer, startedAtMs] of billed.values())
        first.set(customer, Math.min(startedAtMs, first.get(customer) ?? Infinity));
      return [...first];
    },
    trouble: () => applying.trouble() ?? journal.trouble(),
    flush: async () => {
      await journal.flush();
      await applying.flush();
    },
  };
}
