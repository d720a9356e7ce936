/**
 * Money as integers. Two units, both US dollars:
 * - pico-USD (bigint, 10^-12): unit prices and charge lines, where a half nano-dollar per token exists (62,500 pico).
 * - nano-USD (number, 10^-9): what a call costs. A safe integer holds $9,007,199, which `toSafeNanoUsd` guards.
 * Nothing here may use a float for an amount. Formatting is the only place where digits are dropped, and it rounds half-even.
 */

export const picoPerNano = 1_000n;
export const nanoUsdPerUsd = 1_000_000_000;
export const nanoUsdPerMicroUsd = 1_000;
export const nanoUsdPerCent = 10_000_000;

/** Divides by a positive divisor and rounds half to even, for negative values too (a correction may be negative). */
export function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const remainder = value % divisor;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  const isAwayFromZero = twice > divisor || (twice === divisor && quotient % 2n !== 0n);
  if (!isAwayFromZero) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** The one rounding of a call: pico-USD to nano-USD, half-even. */
export function nanoFromPico(pico: bigint): bigint {
  return divideHalfEven(pico, picoPerNano);
}

/** @throws RangeError beyond ±$9,007,199.25, which no call and no month of a small team reaches. */
export function toSafeNanoUsd(nano: bigint): number {
  const value = Number(nano);
  if (!Number.isSafeInteger(value)) throw new RangeError('amount beyond the range of a safe integer in nano-USD');
  return value;
}

/** "12.345678" → 12345678 micro… as nano-USD; accepts at most nine decimals. Null when it is not a plain decimal. */
export function parseUsd(text: string): number | null {
  const match = /^(-?)(\d{1,7})(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (!match) return null;
  const fraction = (match[3] ?? '').padEnd(9, '0');
  const nano = Number(match[2]) * nanoUsdPerUsd + Number(fraction);
  return match[1] === '-' ? -nano : nano;
}

/** An amount cut to `decimals` places (0 to 9), rounded half-even, with thousands separators and a proper minus: "−$1,284.10". */
export function formatUsd(nanoUsd: number, decimals = 2): string {
  const { sign, whole, fraction } = usdParts(nanoUsd, decimals);
  return `${sign}$${whole}${decimals > 0 ? `.${fraction}` : ''}`;
}

/** The parts of a formatted amount, for a screen that draws the last digits in a quieter tone. */
export function usdParts(nanoUsd: number, decimals: number): { sign: string; whole: string; fraction: string } {
  const scale = 10n ** BigInt(9 - decimals);
  const rounded = divideHalfEven(BigInt(nanoUsd), scale);
  const digits = (rounded < 0n ? -rounded : rounded).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return {
    sign: rounded < 0n ? '−' : '',
    whole: whole.replace(/\B(?=(\d{3})+$)/g, ','),
    fraction: decimals > 0 ? digits.slice(-decimals) : '',
  };
}

/** Cents for a total; as many digits as it needs (up to six) for something worth less than a cent. */
export function formatCallUsd(nanoUsd: number): string {
  return formatUsd(nanoUsd, Math.abs(nanoUsd) >= 100 * nanoUsdPerUsd ? 2 : 6);
}

/** Two digits that count, cents at least, up to six decimals: "$0.14", "$0.0008", "$12.40". An expectation has no more to say. */
export function formatExpectedUsd(nanoUsd: number): string {
  const usd = Math.abs(nanoUsd) / nanoUsdPerUsd;
  const decimals = usd === 0 || usd >= 0.1 ? 2 : Math.min(6, Math.ceil(-Math.log10(usd)) + 1);
  return formatUsd(nanoUsd, decimals);
}
