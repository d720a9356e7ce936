/**
 * What a figure means to someone who does not think in tokens. Rough on purpose, and said so with "about".
 * Source of the ratios: facts/anthropic.md section 9 (1M tokens ≈ 555,000 words with the newer tokenizer); a page is 500 words.
 */

const wordsPerToken = 0.555;
const wordsPerPage = 500;

/** "about 200 pages of text", "about 3 sentences"; two significant digits at most. */
export function tokensInWords(tokens: number): string {
  const words = tokens * wordsPerToken;
  const pages = words / wordsPerPage;
  if (pages >= 1.5) return `about ${roundTwoDigits(pages).toLocaleString('en-US')} pages of text`;
  if (words >= 250) return 'about a page of text';
  if (words >= 40) return `about ${roundTwoDigits(words / 20)} sentences`;
  return words >= 1 ? 'a few words' : 'nothing';
}

export function pagesOfText(tokens: number): number {
  return roundTwoDigits((tokens * wordsPerToken) / wordsPerPage);
}

function roundTwoDigits(value: number): number {
  if (value < 10) return Math.round(value);
  const scale = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / scale) * scale;
}

/** "claude-opus-5-5" → "opus 5.5"; "claude-haiku-4-5-20251001" → "haiku 4.5". Unknown shapes come back as they are. */
export function shortModelName(model: string): string {
  const match = /^claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-\d{8})?$/.exec(model);
  if (!match) return model;
  return `${match[1]} ${match[2]}${match[3] === undefined ? '' : `.${match[3]}`}`;
}
