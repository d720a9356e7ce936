/** Unit prices in the words and figures of a price list: dollars per million tokens, exact, never through a float. */

/** 5000000 → "5.00", 62500 → "0.0625", null → "–": every digit that counts, two decimals at least. */
export function usdPerMillion(picoUsdPerToken: number | null): string {
  return picoUsdPerToken === null ? '–' : shifted(picoUsdPerToken, 6);
}

/** 10000000000 → "10.00": pico-USD per request as dollars per thousand requests. */
export function usdPerThousand(picoUsdPerRequest: number): string {
  return shifted(picoUsdPerRequest, 9);
}

function shifted(value: number, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '').padEnd(2, '0');
  return `${digits.slice(0, -places).replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction}`;
}

const words: Readonly<Record<string, string>> = {
  cacheWrite5m: 'cache write 5m',
  cacheWrite1h: 'cache write 1h',
  cacheRead: 'cache read',
  longPrompt: 'long prompt',
  moreThanTokens: 'above (tokens)',
  webSearchPicoUsdPerRequest: 'web search',
};

/** `longPrompt.batch.cacheRead` → "long prompt batch cache read"; the standard card goes without saying. */
export function classInWords(priceClass: string): string {
  const parts = priceClass.split('.').filter((part) => part !== 'standard');
  return parts.map((part) => words[part] ?? part).join(' ');
}

/** An instant as the day that it begins, where it begins one: "2026-10-07". */
export function instantInWords(instant: string): string {
  return instant.replace(/T00:00:00(?:\.0+)?Z$/, '');
}
