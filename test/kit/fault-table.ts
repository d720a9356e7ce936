/** The fault matrix as lines of text: one row a fault, failing ones marked. Pure. */
import type { FaultRow } from './layer-reporter.ts';

const heads: FaultRow = { name: 'fault', outcome: '', client: 'what the client gets', ledger: 'what the ledger says' };
/** Longer cells are cut, so that a row stays a line. */
const cellMax = 72;

/** Empty without rows. */
export function faultTable(rows: readonly FaultRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = [heads, ...rows].map(({ name, outcome, client, ledger }) => [
    outcome === 'passed' || outcome === '' ? name : `${outcome.toUpperCase()} ${name}`,
    client,
    ledger,
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.min(cellMax, Math.max(...cells.map((row) => row[column]?.length ?? 0))),
  );
  const lineOf = (row: readonly string[]) =>
    `  ${row.map((cell, column) => cut(cell).padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  const [head = [], ...body] = cells;
  return [lineOf(head), `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`, ...body.map(lineOf)];
}

function cut(cell: string): string {
  return cell.length <= cellMax ? cell : `${cell.slice(0, cellMax - 1)}…`;
}
