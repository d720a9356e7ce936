/** Charge lines as the text by which they stand in a call's row: [[model, token class, quantity, unit price in pico-USD, basis], …]. */
import type { ChargeLine } from '../../shared/call.ts';

/** Charge lines, or the text by which they stand in a row already. */
export type Lines = readonly ChargeLine[] | string;

type StoredLine = readonly [string, ChargeLine['tokenClass'], number, number, string];

export function linesText(lines: Lines): string {
  if (typeof lines === 'string') return lines;
  if (lines.length === 0) return '[]';
  return JSON.stringify(
    lines.map(({ model, tokenClass, quantity, unitPricePicoUsd, basis }): StoredLine => [
      model,
      tokenClass,
      quantity,
      unitPricePicoUsd,
      basis,
    ]),
  );
}

export function linesOf(text: string): ChargeLine[] {
  const stored = JSON.parse(text) as StoredLine[];
  return stored.map(([model, tokenClass, quantity, unitPricePicoUsd, basis]) => {
    return { model, tokenClass, quantity, unitPricePicoUsd, amountPicoUsd: quantity * unitPricePicoUsd, basis };
  });
}
