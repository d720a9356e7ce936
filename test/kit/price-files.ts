/** Price files for tests: one valid model to vary, and the texts of files with it. */
import { currentBook } from '../../shared/pricing/current-book.ts';
import type { ModelPrices, PricePeriod, Rates } from '../../shared/pricing/price-book.ts';

export const someRates: Rates = {
  input: 5_000_000,
  cacheWrite5m: 6_250_000,
  cacheWrite1h: 10_000_000,
  cacheRead: 500_000,
  output: 25_000_000,
};

export const openPeriod: PricePeriod = { until: null, standard: someRates, batch: null, fast: null, longPrompt: null };

export const someModel: ModelPrices = {
  id: 'claude-own-1',
  aliases: [],
  status: 'active',
  retiresOn: null,
  retiresNotBefore: null,
  contextWindowTokens: 200_000,
  maxOutputTokens: 64_000,
  usGeoTenths: 11,
  confidence: 'contract',
  sources: ['our contract of 2026-11-01'],
  checkedOn: '2026-11-24',
  note: null,
  periods: [openPeriod],
};

/** A file over the shipped book; `more` replaces or adds keys. */
export function overFile(models: readonly object[], more: object = {}): string {
  return JSON.stringify({ version: 'own-1', source: 'our contract', extends: currentBook.version, models, ...more });
}

/** A file that is a whole book. */
export function wholeFile(models: readonly object[], more: object = {}): string {
  const head = { version: 'own-1', source: 'our contract', asOf: '2026-11-24', webSearchPicoUsdPerRequest: 1e10 };
  return JSON.stringify({ ...head, models, ...more });
}
