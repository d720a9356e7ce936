/**
 * CSV by RFC 4180: quoted where needed, CRLF. A text cell that a spreadsheet would run as a formula (= + - @, tab, return at its start) gets an
 * apostrophe before it, since names of members and projects come from outside. Numbers are written bare.
 */
export function csvLine(values: readonly (string | number | boolean | null)[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
