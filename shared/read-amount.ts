/**
 * Amounts as people type them: "150,000", "150 000", "150k" tokens; "$1,250.50". Pure. What could mean two things ("12,50") is read as none: a limit that
 * is a hundred times too high helps nobody.
 */

const grouped = String.raw`\d{1,3}(?:[, _\u00a0\u202f]\d{3})+|\d{1,9}`;
const tokensPattern = new RegExp(`^(${grouped})(k?)$`, 'i');
const usdPattern = new RegExp(String.raw`^\$?\s*(${grouped})(?:\.(\d{1,2}))?$`);

/** Null when it is no whole number. */
export function readTokens(text: string): number | null {
  const [, digits, thousands] = tokensPattern.exec(text.trim()) ?? [];
  if (digits === undefined) return null;
  return Number(digits.replace(/\D/g, '')) * (thousands ? 1_000 : 1);
}

/** Dollars with at most two decimals; null when it is no such amount. */
export function readUsd(text: string): number | null {
  const [, digits, cents = ''] = usdPattern.exec(text.trim()) ?? [];
  return digits === undefined ? null : Number(`${digits.replace(/\D/g, '')}.${cents.padEnd(2, '0')}`);
}
