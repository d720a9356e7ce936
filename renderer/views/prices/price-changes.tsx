/** What a price file would change, and what is wrong with one that cannot be used. */
import type { PriceCheck } from '../../../shared/contract/prices.ts';
import { classInWords, instantInWords, usdPerMillion, usdPerThousand } from '../../../shared/pricing/price-words.ts';
import { Notice } from '../../components/states.tsx';

type Valid = Extract<PriceCheck, { kind: 'valid' }>;
type Invalid = Extract<PriceCheck, { kind: 'invalid' }>;

export function BookChangesList({ changes }: { readonly changes: Valid['changes'] }) {
  const { modelsAdded, modelsRemoved, prices, facts } = changes;
  return (
    <div className="text-[13px]">
      {modelsRemoved.length === 0 ? null : (
        <Notice>Models removed, whose calls would be unpriced: {modelsRemoved.join(', ')}</Notice>
      )}
      {modelsAdded.length === 0 ? null : <p className="mb-2">Models added: {modelsAdded.join(', ')}</p>}
      {prices.length === 0 ? null : <PriceChanges prices={prices} />}
      {facts.length === 0 ? null : (
        <ul className="mt-2 text-dim">
          {facts.map(({ model, fact, before, after }) => (
            <li key={`${model ?? ''} ${fact}`} className="break-words">
              {model === null ? '' : `${model}, `}
              {fact}: {factText(before)} → {factText(after)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function PriceChanges({ prices }: { readonly prices: Valid['changes']['prices'] }) {
  return (
    <div className="framed max-h-[420px] overflow-y-auto">
      <table className="table stacks">
        <caption className="sr-only">Prices that would change</caption>
        <thead className="min-[721px]:sticky min-[721px]:top-0 min-[721px]:z-1 min-[721px]:bg-surface">
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Price, USD per million tokens</th>
            <th scope="col">When</th>
            <th scope="col" className="number">
              Now
            </th>
            <th scope="col" className="number">
              Then
            </th>
          </tr>
        </thead>
        <tbody>
          {prices.map((change) => (
            <tr key={`${change.model ?? ''} ${change.class} ${change.from ?? ''}`}>
              <td data-label="Model">{change.model ?? 'every model'}</td>
              <td data-label="Price">{classInWords(change.class)}</td>
              <td data-label="When" className="text-dim">
                {whenOf(change)}
              </td>
              <td data-label="Now" className="number text-dim">
                {amountText(change.class, change.before)}
              </td>
              <td data-label="Then" className="number font-medium">
                {amountText(change.class, change.after)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function whenOf({ from, until }: Valid['changes']['prices'][number]): string {
  const parts = [from && `from ${instantInWords(from)}`, until && `until ${instantInWords(until)}`];
  return parts.filter(Boolean).join(' ') || 'always';
}

function amountText(name: string, amount: number | null): string {
  if (amount === null) return '–';
  if (name.endsWith('moreThanTokens')) return `${amount.toLocaleString('en-US')} tokens`;
  return name === 'webSearchPicoUsdPerRequest' ? `${usdPerThousand(amount)} per 1,000` : usdPerMillion(amount);
}

function factText(value: Valid['changes']['facts'][number]['before']): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? value.join('; ') || 'none' : String(value);
}

export function Problems({ problems }: { readonly problems: Invalid['problems'] }) {
  return (
    <div className="framed max-h-[420px] overflow-y-auto">
      <table className="table stacks">
        <caption className="sr-only">Problems of the file, with what to do about each</caption>
        <thead className="min-[721px]:sticky min-[721px]:top-0 min-[721px]:z-1 min-[721px]:bg-surface">
          <tr>
            <th scope="col">Where</th>
            <th scope="col">What is wrong, and what to do</th>
          </tr>
        </thead>
        <tbody>
          {problems.map(({ where, sentence, remedy }) => (
            <tr key={`${where} ${sentence}`}>
              <td data-label="Where">
                <code className="text-xs break-all">{where}</code>
              </td>
              <td data-label="" className="py-1.5 whitespace-normal! max-[720px]:text-left!">
                {sentence} <span className="text-dim">{remedy}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
