/** The charge lines of a call: quantity × unit price = amount, and their sum, which is the call's cost to the last digit. */
import type { CallDetail } from '../../../shared/contract/api.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { classInWords, exactUsd, unitPriceInWords } from './line-words.ts';

export function ChargeLines({ call }: { readonly call: CallDetail }) {
  const total = call.lines.reduce((sum, line) => sum + line.amountPicoUsd, 0);
  const bases = [
    ...new Set(call.lines.filter(({ tokenClass }) => tokenClass !== 'rounding').map(({ basis }) => basis)),
  ];
  const models = [...new Set(call.lines.map(({ model }) => model))];
  return (
    <>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">What each part of this call cost</caption>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" className="number">
                Quantity
              </th>
              <th scope="col" className="number">
                Price
              </th>
              <th scope="col" className="number">
                Amount
              </th>
            </tr>
          </thead>
          <tbody>
            {call.lines.map((line) => (
              <tr key={`${line.model} ${line.tokenClass} ${line.basis} ${line.quantity}`}>
                <td data-label="Part">
                  {classInWords(line.tokenClass)}
                  {models.length > 1 && line.tokenClass !== 'rounding' ? ` (${shortModelName(line.model)})` : ''}
                </td>
                <td data-label="Quantity" className="number">
                  {line.tokenClass === 'rounding' ? '' : line.quantity.toLocaleString('en-US')}
                </td>
                <td data-label="Price" className="number text-dim">
                  {unitPriceInWords(line.tokenClass, line.unitPricePicoUsd)}
                </td>
                <td data-label="Amount" className="number">
                  {exactUsd(line.amountPicoUsd)}
                </td>
              </tr>
            ))}
            <tr className="font-semibold">
              <td data-label="Part">Sum</td>
              <td />
              <td />
              <td data-label="Amount" className="number">
                {exactUsd(total)}
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <p className="mt-2 text-xs text-faint">
        Priced as {bases.join(', ')} by price book {call.priceBook}.
      </p>
    </>
  );
}
