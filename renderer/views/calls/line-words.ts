/** A charge line in words: what the class means, and what set its price. Pure. */
import type { TokenClass } from '../../../shared/call.ts';

const classWords: Readonly<Record<TokenClass, string>> = {
  input: 'Input, not cached',
  cache_write_5m: 'Written to cache, 5 min',
  cache_write_1h: 'Written to cache, 1 hour',
  cache_read: 'Read from cache',
  output: 'Output with thinking',
  web_search: 'Web searches',
  rounding: 'Rounding to the nano-dollar',
  imported: 'As another machine priced it',
};

export function classInWords(tokenClass: TokenClass): string {
  return classWords[tokenClass];
}

/** "$2.50 per million" for tokens, "$0.01 each" for searches; every digit that the price has. */
export function unitPriceInWords(tokenClass: TokenClass, unitPricePicoUsd: number): string {
  if (tokenClass === 'rounding') return '–';
  if (tokenClass === 'web_search') return `$${trimmed(unitPricePicoUsd / 1e12)} each`;
  return `$${trimmed(unitPricePicoUsd / 1e6)} per million`;
}

function trimmed(usd: number): string {
  return usd.toFixed(6).replace(/0{1,4}$/, '');
}

/** Pico-dollars with every digit: the twelve decimals of an exact amount, trailing zeros beyond six left out. */
export function exactUsd(pico: number): string {
  const digits = Math.abs(pico).toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0{1,6}$/, '');
  return `${pico < 0 ? '−' : ''}$${digits.slice(0, -12)}.${fraction}`;
}
