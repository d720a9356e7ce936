/** What a crash run has to show for itself: the calls as the far side and the clients saw them, against the rows of the ledger. Pure. */
import type { ExportedCall } from '../../shared/contract/export.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import { readUsage } from '../../shared/usage.ts';
import type { ServedMessage } from '../../main/sandbox/anthropic-server.ts';
import type { SeenCall } from './load.ts';

export type Witnesses = {
  /** Names of the calls that reached the far side. */
  readonly reached: readonly string[];
  readonly served: readonly ServedMessage[];
  readonly complete: readonly SeenCall[];
  readonly rows: readonly ExportedCall[];
};

export type Tally = {
  readonly reached: number;
  readonly served: number;
  readonly seenComplete: number;
  readonly rows: number;
  /** Reached the far side, and no row tells of it. */
  readonly lost: readonly string[];
  /** More rows than one for a call, or for a message. */
  readonly double: readonly string[];
  /** Seen complete by its client, and not complete in the ledger. */
  readonly notComplete: readonly string[];
  /** Complete, and not the money that its usage costs. */
  readonly wrongMoney: readonly string[];
};

export function tally({ reached, served, complete, rows }: Witnesses): Tally {
  const byName = groupBy(rows, ({ conversation }) => conversation ?? '');
  const byMessage = groupBy(
    rows.filter(({ message_id: id }) => id !== null),
    ({ message_id: id }) => id ?? '',
  );
  const servedById = new Map(served.map((message) => [message.messageId, message]));
  const only = (name: string) => byName.get(name)?.[0];
  return {
    reached: reached.length,
    served: served.length,
    seenComplete: complete.length,
    rows: rows.length,
    lost: reached.filter((name) => !byName.has(name)),
    double: [...byName, ...byMessage].filter(([, found]) => found.length > 1).map(([name]) => name),
    notComplete: complete
      .filter(({ name, messageId }) => only(name)?.status !== 'complete' || only(name)?.message_id !== messageId)
      .map(({ name }) => name),
    wrongMoney: rows
      .filter(({ status }) => status === 'complete')
      .filter((row) => row.estimated || row.cost_nano_usd !== costOf(servedById.get(row.message_id ?? ''), row))
      .map(({ conversation }) => conversation ?? ''),
  };
}

/** What the far side says it used, priced; null when it never served such a message. */
function costOf(message: ServedMessage | undefined, row: ExportedCall): number | null {
  if (message === undefined || !message.isFinalUsageSent) return null;
  const { model, stopReason } = message;
  const question = { model, stopReason, usage: readUsage(message.usage), atMs: Date.parse(row.started_at) };
  const price = priceUsage(question, currentBook);
  return price.kind === 'priced' ? price.costNanoUsd : null;
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}
