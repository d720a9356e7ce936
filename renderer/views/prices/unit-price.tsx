/** A price for a million tokens in a column of them, and the columns that every card of rates has. */
import { usdPerMillion } from '../../../shared/pricing/price-words.ts';
import { decimalsOf } from './model-rows.ts';

export const rateTitles = [
  ['input', 'Input'],
  ['cacheWrite5m', 'Write 5m'],
  ['cacheWrite1h', 'Write 1h'],
  ['cacheRead', 'Read'],
  ['output', 'Output'],
] as const;

/** The missing decimals are there for the eye only, so that the points stand under each other. */
export function UnitPrice({ pico, decimals }: { readonly pico: number | null; readonly decimals: number }) {
  const text = usdPerMillion(pico);
  const missing = decimals - decimalsOf([text]);
  if (pico === null) return <span className="text-faint">{text}</span>;
  return (
    <span>
      {text}
      <span className="invisible max-[720px]:hidden" aria-hidden="true">
        {'0'.repeat(Math.max(0, missing))}
      </span>
    </span>
  );
}
