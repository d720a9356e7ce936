/**
 * Turns usage into money. Pure and exact: integers throughout, one rounding per call (half-even, to the nano-dollar).
 * What cannot be priced is `unpriced` with a reason in plain words; it is never guessed and never $0.
 * Rules and sources: facts/anthropic.md sections 1 (iterations, refusals) and 4 (prices and modifiers).
 */
import type { ChargeLine, TokenClass } from '../call.ts';
import { nanoFromPico, picoPerNano, toSafeNanoUsd } from '../money.ts';
import { billedPasses, promptTokens, type Pass, type TokenCounts, type Usage } from '../usage.ts';
import { periodAt, type ModelPrices, type PriceBook, type PricePeriod, type Rates } from './price-book.ts';

export type PricedUsage =
  | {
      readonly kind: 'priced';
      readonly costNanoUsd: number;
      readonly lines: readonly ChargeLine[];
      readonly priceBook: string;
    }
  | { readonly kind: 'unpriced'; readonly reason: string };

export type PriceQuestion = {
  /** The model of the response, not of the request. */
  readonly model: string | null;
  readonly usage: Usage;
  readonly stopReason: string | null;
  /** When the call was made: dated price changes go by it. */
  readonly atMs: number;
};

class Unpriced extends Error {}

export function priceUsage(question: PriceQuestion, book: PriceBook): PricedUsage {
  try {
    refuseUnknown(question.usage);
    const passes = billedPasses(question.usage, question.stopReason);
    const lines = [...passes.flatMap((pass) => priceOnePass(pass, question, book)), ...webSearchLines(question, book)];
    return { kind: 'priced', priceBook: book.version, ...totalOf(lines) };
  } catch (error) {
    // Only the refusals thrown below are outcomes; anything else is a bug and must surface.
    if (error instanceof Unpriced) return { kind: 'unpriced', reason: error.message };
    throw error;
  }
}

function priceOnePass(pass: Pass, question: PriceQuestion, book: PriceBook): ChargeLine[] {
  const modelId = pass.model ?? question.model;
  if (modelId === null) throw new Unpriced('The response names no model.');
  const prices = book.find(modelId);
  if (!prices) throw new Unpriced(`The model ${modelId} is not in price book ${book.version}.`);
  const { rates, basis, geoTenths } = ratesFor(pass, question, prices);
  const quantities: readonly [TokenClass, number, number | null][] = [
    ['input', pass.inputTokens, rates.input],
    ['cache_write_5m', pass.cacheWrite5mTokens, rates.cacheWrite5m],
    ['cache_write_1h', pass.cacheWrite1hTokens, rates.cacheWrite1h],
    ['cache_read', pass.cacheReadTokens, rates.cacheRead],
    ['output', pass.outputTokens, rates.output],
  ];
  return quantities
    .filter(([, quantity]) => quantity > 0)
    .map(([tokenClass, quantity, rate]) => {
      if (rate === null)
        throw new Unpriced(`No ${tokenClass.replaceAll('_', ' ')} price is published for ${prices.id}.`);
      return chargeLine({
        model: prices.id,
        tokenClass,
        quantity,
        basis,
        unitPricePicoUsd: residencyPrice(rate, geoTenths),
      });
    });
}

/** ×1.1 of a whole number of pico-USD; every published price is a multiple of ten pico-USD, so this is exact, and it is checked. */
function residencyPrice(rate: number, geoTenths: number): number {
  const tenths = rate * geoTenths;
  if (tenths % 10 !== 0) throw new RangeError('a unit price is finer than a pico-USD');
  return tenths / 10;
}

type AppliedRates = { readonly rates: Rates; readonly basis: string; readonly geoTenths: number };

function ratesFor(pass: TokenCounts, question: PriceQuestion, prices: ModelPrices): AppliedRates {
  const { serviceTier, speed, inferenceGeo } = question.usage;
  const period = periodAt(prices, question.atMs);
  const { rates, basis } = rateCard(pass, serviceTier, speed, period, prices.id);
  const isUsGeo = inferenceGeo === 'us' && prices.usGeoTenths !== null;
  return { rates, basis: isUsGeo ? `${basis} · US ×1.1` : basis, geoTenths: isUsGeo ? (prices.usGeoTenths ?? 10) : 10 };
}

function rateCard(
  pass: TokenCounts,
  serviceTier: string | null,
  speed: string | null,
  period: PricePeriod,
  modelId: string,
) {
  const tier = period.longPrompt && promptTokens(pass) > period.longPrompt.moreThanTokens ? period.longPrompt : null;
  if (serviceTier === 'batch') {
    const batch = tier ? tier.batch : period.batch;
    if (!batch) throw new Unpriced(`No batch price is published for ${modelId}.`);
    return { rates: batch, basis: tier ? 'batch · long prompt' : 'batch' };
  }
  // Fast is decided by what the response says was used.
  if (speed === 'fast') {
    if (!period.fast) throw new Unpriced(`No fast price is published for ${modelId}.`);
    if (tier) throw new Unpriced(`No fast price of long prompts is published for ${modelId}.`);
    return { rates: period.fast, basis: 'fast' };
  }
  return tier ? { rates: tier.standard, basis: 'long prompt' } : { rates: period.standard, basis: 'standard' };
}

/** Of them `us` alone has a price of its own; older models tell `not_available` (facts sections 4 and 6). */
const knownGeos: readonly string[] = ['us', 'global', 'not_available'];

/** A priced field with a value nobody knows makes the call unpriced: it may cost more, and it is not for us to guess. */
function refuseUnknown({ serviceTier, speed, inferenceGeo, unknownParts }: Usage): void {
  const [part] = unknownParts;
  if (part !== undefined) throw new Unpriced(`The usage counts ${part}, which this version cannot price.`);
  if (serviceTier === 'priority')
    throw new Unpriced('Priority tier is priced by contract, which the API does not tell.');
  if (serviceTier !== null && serviceTier !== 'standard' && serviceTier !== 'batch') {
    throw new Unpriced(`The service tier "${serviceTier}" is not known.`);
  }
  if (speed !== null && speed !== 'standard' && speed !== 'fast')
    throw new Unpriced(`The speed "${speed}" is not known.`);
  if (inferenceGeo !== null && !knownGeos.includes(inferenceGeo))
    throw new Unpriced(`The inference region "${inferenceGeo}" is not known.`);
}

/** Web searches are priced per request, once for the call, and neither residency nor fast changes them. */
function webSearchLines(question: PriceQuestion, book: PriceBook): ChargeLine[] {
  const quantity = question.usage.webSearchRequests;
  if (quantity === 0) return [];
  const unitPricePicoUsd = book.webSearchPicoUsdPerRequest;
  return [
    chargeLine({
      model: question.model ?? '',
      tokenClass: 'web_search',
      quantity,
      basis: 'standard',
      unitPricePicoUsd,
    }),
  ];
}

function chargeLine(line: Omit<ChargeLine, 'amountPicoUsd'>): ChargeLine {
  const amountPicoUsd = line.quantity * line.unitPricePicoUsd;
  if (!Number.isSafeInteger(amountPicoUsd)) throw new Unpriced('The amount of one charge line is beyond $9,007.');
  return { ...line, amountPicoUsd };
}

function totalOf(lines: readonly ChargeLine[]): { costNanoUsd: number; lines: readonly ChargeLine[] } {
  const pico = lines.reduce((sum, line) => sum + BigInt(line.amountPicoUsd), 0n);
  const nano = nanoFromPico(pico);
  const difference = Number(nano * picoPerNano - pico);
  const first = lines[0];
  if (difference === 0 || !first) return { costNanoUsd: toSafeNanoUsd(nano), lines };
  const rounding: ChargeLine = {
    model: first.model,
    tokenClass: 'rounding',
    quantity: 1,
    unitPricePicoUsd: difference,
    amountPicoUsd: difference,
    basis: 'half-even to the nano-dollar',
  };
  return { costNanoUsd: toSafeNanoUsd(nano), lines: [...lines, rounding] };
}
