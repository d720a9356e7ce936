/**
 * What a text is made of, counted so that tokens can be told from it: words, digits, symbols, runs of white space, other scripts, opaque strings.
 * Pure; keeps no character of the text. One pass over each text, and of a long one over samples only, so that 20 MB cost no more than a few.
 *
 * Counting by what stands there makes no guess of what a text "is": prose is mostly words, code and JSON mostly symbols and runs of white space,
 * and a text that is half of each is measured as that. A fixed number of characters a token is wrong by +130 % on code full of white space and by
 * −75 % on base64 (facts/anthropic.md section 9).
 */

/** Characters, unless said otherwise. Not whole numbers where a long text was sampled. */
export type TextMeasure = {
  /** Runs of Latin letters, and the letters in them. An upper-case letter after a lower-case one begins a new run: identifiers are split so. */
  words: number;
  letters: number;
  digits: number;
  symbols: number;
  /** Line breaks and runs of more than one space or tab; a single space belongs to the word after it. */
  spaceRuns: number;
  /** Characters of those runs. */
  spaces: number;
  /** Accented Latin letters: they break a word into more tokens. */
  accents: number;
  /** Greek, Cyrillic, Hebrew, Arabic and all others that are written in letters. */
  otherLetters: number;
  /** Chinese, Japanese, Korean: about a token each. */
  ideographs: number;
  /** Halves of surrogate pairs: emoji and rare scripts. */
  surrogates: number;
  /** Letters and digits in unbroken runs that no word has: base64, hashes, keys. */
  opaque: number;
};

/** How a text is measured: whole up to a length, and beyond it by samples spread over it. */
export type Thoroughness = {
  readonly wholeTextMax: number;
  readonly sampleLength: number;
  readonly charactersPerSample: number;
  readonly samplesMax: number;
};

/** A quarter of a text tells what it is made of: the error of the estimate is the same to a tenth of a percent (docs/limits.md), at a quarter of the time. */
export const thorough: Thoroughness = {
  wholeTextMax: 2_048,
  sampleLength: 256,
  charactersPerSample: 1_024,
  samplesMax: 64,
};
/** For the texts of a prompt that is large already: the errors of hundreds of samples even out. */
export const sparse: Thoroughness = {
  wholeTextMax: 512,
  sampleLength: 256,
  charactersPerSample: 2_048,
  samplesMax: 16,
};
/** Longer runs of letters and digits are no word of any language but the odd German one. */
const wordLengthMax = 32;

export function emptyTextMeasure(): TextMeasure {
  return {
    words: 0,
    letters: 0,
    digits: 0,
    symbols: 0,
    spaceRuns: 0,
    spaces: 0,
    accents: 0,
    otherLetters: 0,
    ideographs: 0,
    surrogates: 0,
    opaque: 0,
  };
}

/** Adds what `text` is made of to `into`. */
export function measureText(
  into: TextMeasure,
  text: string,
  { wholeTextMax, sampleLength, charactersPerSample, samplesMax } = thorough,
): void {
  if (text.length <= wholeTextMax) {
    measureSpan(into, text, 0, text.length);
    return;
  }
  const sampled = emptyTextMeasure();
  const samples = Math.min(samplesMax, Math.ceil(text.length / charactersPerSample));
  // Each stands in the middle of its share of the text.
  const share = text.length / samples;
  for (let sample = 0; sample < samples; sample++) {
    const from = Math.floor(sample * share + (share - sampleLength) / 2);
    measureSpan(sampled, text, from, from + sampleLength);
  }
  addScaled(into, sampled, text.length / (sampleLength * samples));
}

function addScaled(into: TextMeasure, part: TextMeasure, factor: number): void {
  into.words += part.words * factor;
  into.letters += part.letters * factor;
  into.digits += part.digits * factor;
  into.symbols += part.symbols * factor;
  into.spaceRuns += part.spaceRuns * factor;
  into.spaces += part.spaces * factor;
  into.accents += part.accents * factor;
  into.otherLetters += part.otherLetters * factor;
  into.ideographs += part.ideographs * factor;
  into.surrogates += part.surrogates * factor;
  into.opaque += part.opaque * factor;
}

const symbol = 0;
const lower = 1;
const upper = 2;
const digit = 3;
const space = 4;

/** The kind of each ASCII character: a look-up costs less than comparisons, and this loop sees every character of a prompt. */
const kindOf = new Uint8Array(128);
kindOf.fill(lower, 97, 123);
kindOf.fill(upper, 65, 91);
kindOf.fill(digit, 48, 58);
kindOf.fill(space, 9, 14);
kindOf[32] = space;

/** A run of letters and digits, or of white space, is counted when it ends. */
function measureSpan(into: TextMeasure, text: string, from: number, to: number): void {
  let at = from;
  while (at < to) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? (kindOf[code] ?? symbol) : symbol;
    if (kind === space) at = measureSpace(into, text, at, to);
    else if (kind !== symbol) at = measureRun(into, text, at, to);
    else {
      if (code < 128) into.symbols++;
      else measureOther(into, code);
      at++;
    }
  }
}

function measureRun(into: TextMeasure, text: string, from: number, to: number): number {
  let words = 0;
  let digits = 0;
  let before = symbol;
  let at = from;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? (kindOf[code] ?? symbol) : symbol;
    if (kind === lower) {
      if (before !== lower && before !== upper) words++;
    } else if (kind === upper) {
      if (before !== upper) words++;
    } else if (kind === digit) digits++;
    else break;
    before = kind;
  }
  const length = at - from;
  if (length > wordLengthMax) into.opaque += length;
  else {
    into.words += words;
    into.letters += length - digits;
    into.digits += digits;
  }
  return at;
}

function measureSpace(into: TextMeasure, text: string, from: number, to: number): number {
  let at = from + 1;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 128 || kindOf[code] !== space) break;
  }
  const isSingleSpace = at - from === 1 && text.charCodeAt(from) === 32;
  if (!isSingleSpace) {
    into.spaceRuns++;
    into.spaces += at - from;
  }
  return at;
}

function measureOther(into: TextMeasure, code: number): void {
  if (code < 0x250) into.accents++;
  else if (code >= 0xd800 && code <= 0xdfff) into.surrogates++;
  else if ((code >= 0x1100 && code < 0x1200) || (code >= 0x2e80 && code < 0xfb00)) into.ideographs++;
  else if (code >= 0x2000 && code < 0x2e80) into.symbols++;
  else into.otherLetters++;
}
