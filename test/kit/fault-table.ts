/** The fault matrix as lines of text: one row a fault, failing ones marked. Pure. */
import type { FaultRow } from './layer-reporter.ts';

const heads: FaultRow = { name: 'fault', outcome: '', client: 'what the client gets', ledger: 'what the ledger says' };
/** Longer cells are cut, so that the columns stay columns; a name alone has the line for itself. */
const cellMax = 72;

/** Empty without rows. */
export function faultTable(rows: readonly FaultRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = [heads, ...rows].map(({ name, outcome, client, ledger }) => {
    const marked = outcome === 'passed' || outcome === '' ? name : `${outcome.toUpperCase()} ${name}`;
    return client === '' && ledger === '' ? [marked] : [cut(marked), cut(client), cut(ledger)];
  });
  const widths = [0, 1, 2].map((column) =>
    Math.max(...cells.map((row) => (row.length === 1 ? 0 : (row[column]?.length ?? 0)))),
  );
  const lineOf = (row: readonly string[]) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  const [head = [], ...body] = cells;
  return [lineOf(head), `  ${widths.map((width) => '-'.repeat(width)).join('  ')}`, ...body.map(lineOf)];
}

function cut(cell: string): string {
  return cell.length <= cellMax ? cell : `${cell.slice(0, cellMax - 1)}…`;
}
