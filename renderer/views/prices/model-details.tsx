/** Everything that the book knows of one model: every card of rates, how long it stays, how sure the prices are and where they were read. */
import type { ReactNode } from 'react';

import { usdPerMillion } from '../../../shared/pricing/price-words.ts';
import type { ModelPrices, PricePeriod } from '../../../shared/pricing/price-book.ts';
import { decimalsOf } from './model-rows.ts';
import { rateCards } from './model-words.ts';
import { rateTitles, UnitPrice } from './unit-price.tsx';

type ModelDetailsProps = { readonly prices: ModelPrices; readonly period: PricePeriod };

export function ModelDetails({ prices, period }: ModelDetailsProps) {
  const cards = rateCards(prices, period);
  const decimals = (rate: (typeof rateTitles)[number][0]) =>
    decimalsOf(cards.map(({ rates }) => usdPerMillion(rates[rate])));
  return (
    <div className="py-2 pl-[18px] whitespace-normal max-[720px]:pl-0">
      <table className="mb-3 w-full max-w-[720px] border-collapse text-[13px] max-[720px]:block [&_td]:h-7 [&_th]:h-7 [&_tr:last-child_th]:border-b-0 max-[720px]:[&_tbody]:block max-[720px]:[&_tbody_th]:block max-[720px]:[&_tbody_th]:border-b-0 max-[720px]:[&_tbody_th]:px-3 [&_th]:text-xs [&_th]:font-medium [&_th]:text-faint">
        <caption className="sr-only">Every price of {prices.id} in US dollars per million tokens</caption>
        <thead>
          <tr>
            <th scope="col" className="!text-left">
              All prices
            </th>
            {rateTitles.map(([rate, title]) => (
              <th key={rate} scope="col" className="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cards.map(({ name, rates }) => (
            <tr key={name}>
              <th
                scope="row"
                data-label=""
                className="!text-left !text-[13px] !font-normal !text-dim !whitespace-normal"
              >
                {name}
              </th>
              {rateTitles.map(([rate, title]) => (
                <td key={rate} data-label={title} className="number">
                  <UnitPrice pico={rates[rate]} decimals={decimals(rate)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Facts prices={prices} />
    </div>
  );
}

function Facts({ prices }: { readonly prices: ModelPrices }) {
  const { status, retiresOn, retiresNotBefore, contextWindowTokens, maxOutputTokens, usGeoTenths } = prices;
  const tokens = (count: number | null) => (count === null ? 'not known' : `${count.toLocaleString('en-US')} tokens`);
  const stays = [
    status,
    retiresOn === null ? null : `retires on ${retiresOn}`,
    retiresNotBefore === null ? null : `promised until ${retiresNotBefore}`,
  ];
  return (
    <dl className="grid max-w-[100ch] grid-cols-[auto_1fr] gap-x-5 gap-y-1 text-[13px] [&_dt]:text-faint">
      <Fact name="Status">{stays.filter((part) => part !== null).join(', ')}</Fact>
      <Fact name="Context window">{tokens(contextWindowTokens)}</Fact>
      <Fact name="Longest output">{tokens(maxOutputTokens)}</Fact>
      <Fact name="Inference in the US">
        {usGeoTenths === null ? 'the same price' : `every token ×${usGeoTenths / 10}`}
      </Fact>
      {prices.aliases.length === 0 ? null : <Fact name="Also called">{prices.aliases.join(', ')}</Fact>}
      <Fact name="Confidence">
        {prices.confidence}, checked on {prices.checkedOn}
      </Fact>
      {prices.note === null ? null : <Fact name="Note">{prices.note}</Fact>}
      <Fact name="Sources">
        {prices.sources.length === 0 ? 'none given' : null}
        <ul>
          {prices.sources.map((source) => (
            <li key={source}>{source}</li>
          ))}
        </ul>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="break-words">{children}</dd>
    </>
  );
}
