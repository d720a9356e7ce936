/** The facts of a model in the book as words: what changes its price besides the tokens, how long it stays, its cards of rates. Pure. */
import { instantInWords } from '../../../shared/pricing/price-words.ts';
import type { ModelPrices, PricePeriod, Rates } from '../../../shared/pricing/price-book.ts';
import type { Tone } from '../../components/tag.tsx';

export type ModelTag = { readonly tone: Tone; readonly words: string };

/** What a person would miss in the row of standard prices. */
export function modelTags(model: ModelPrices, period: PricePeriod): ModelTag[] {
  const { usGeoTenths, confidence } = model;
  const plain = (words: string): ModelTag => ({ tone: 'plain', words });
  return [
    ...stayTag(model),
    ...(confidence === 'high' || confidence === 'contract'
      ? []
      : [{ tone: 'look' as const, words: `${confidence} confidence` }]),
    ...(period.longPrompt ? [plain(`other above ${period.longPrompt.moreThanTokens.toLocaleString('en-US')}`)] : []),
    ...(period.fast ? [plain('fast')] : []),
    ...(usGeoTenths === null ? [] : [plain(`US ×${usGeoTenths / 10}`)]),
    ...(model.periods.length > 1 ? [plain('dated prices')] : []),
  ];
}

/** Nothing for what is in use and stays. */
function stayTag({ status, retiresOn }: ModelPrices): ModelTag[] {
  if (status === 'retired')
    return [{ tone: 'stopped', words: retiresOn === null ? 'retired' : `retired ${retiresOn}` }];
  if (retiresOn !== null) return [{ tone: 'look', words: `retires ${retiresOn}` }];
  return status === 'deprecated' ? [{ tone: 'look', words: 'deprecated' }] : [];
}

/** One card of rates under its name; a model has between one and many of them. */
export type RateCard = { readonly name: string; readonly rates: Rates };

/** The prices in force first, then those of other times. */
export function rateCards(model: ModelPrices, inForce: PricePeriod): RateCard[] {
  const others = model.periods.filter((period) => period !== inForce);
  return [
    ...cardsOf(inForce, inForce.until === null ? '' : ` until ${instantInWords(inForce.until)}`),
    ...others.flatMap((period) => cardsOf(period, whenOf(model, period))),
  ];
}

function whenOf(model: ModelPrices, period: PricePeriod): string {
  const before = model.periods[model.periods.indexOf(period) - 1];
  const from = before?.until ? ` from ${instantInWords(before.until)}` : '';
  return period.until === null ? from : `${from} until ${instantInWords(period.until)}`;
}

function cardsOf({ standard, batch, fast, longPrompt }: PricePeriod, when: string): RateCard[] {
  const above = longPrompt ? `prompt above ${longPrompt.moreThanTokens.toLocaleString('en-US')} tokens` : '';
  const card = (name: string, rates: Rates | null): RateCard[] => (rates ? [{ name: `${name}${when}`, rates }] : []);
  return [
    ...card('Standard', standard),
    ...card('Batch', batch),
    ...card('Fast', fast),
    ...card(`Standard, ${above}`, longPrompt?.standard ?? null),
    ...card(`Batch, ${above}`, longPrompt?.batch ?? null),
  ];
}
