/** Lays out a table for a terminal: columns as wide as their widest cell, numbers to the right. Pure. */

export type Column = { readonly title: string; readonly align: 'left' | 'right' };

export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => widthOf(row[index] ?? ''))));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? '';
        const gap = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
        return align === 'right' ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line)];
}

/** Code points, which is near enough for names and figures. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
