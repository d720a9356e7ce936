/** Counts with separators; nothing is a dash. */
import type { ReactNode } from 'react';

export function Count({ value }: { readonly value: number }) {
  return <>{value === 0 ? '–' : value.toLocaleString('en-US')}</>;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

type NumberCellProps = {
  readonly label: string;
  readonly value: number | null;
  /** Where it is not a count. */
  readonly children?: ReactNode;
};

/** A number in a row of a table: a dash for nothing; where the row is a list of its facts (narrow), what is nothing is left out. */
export function NumberCell({ label, value, children }: NumberCellProps) {
  return (
    <td data-label={label} data-nothing={value === 0 || undefined} className="number">
      {value === 0 ? '–' : (children ?? <Count value={value ?? 0} />)}
    </td>
  );
}
