/** Price files: what is printed is read again without loss, and no text whatever makes the check throw or guess. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readJson } from '../../shared/json-text.ts';
import { isUnchanged } from '../../shared/pricing/book-changes.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { checkOverride } from '../../shared/pricing/override.ts';
import { createPriceBook, dataOf, type PricePeriod, type Rates } from '../../shared/pricing/price-book.ts';
import { overFile, someModel } from '../kit/price-files.ts';

/** Whole tens, so that residency is exact, and what no one would take for dollars. */
const price = fc.option(
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 100, max: 10_000_000 }).map((tens) => tens * 10),
  ),
);
const rates: fc.Arbitrary<Rates> = fc.record({
  input: price,
  cacheWrite5m: price,
  cacheWrite1h: price,
  cacheRead: price,
  output: price,
});
const card = fc.record({
  standard: rates,
  batch: fc.option(rates),
  fast: fc.option(rates),
  longPrompt: fc.option(
    fc.record({ moreThanTokens: fc.integer({ min: 1, max: 10 ** 6 }), standard: rates, batch: fc.option(rates) }),
  ),
});
const day = fc.integer({ min: 0, max: 3_000 }).map((days) => new Date(Date.UTC(2024, 0, 1 + days)).toISOString());
const periods = fc
  .tuple(fc.uniqueArray(day, { maxLength: 3 }), card)
  .chain(([ends, last]) =>
    fc
      .array(card, { minLength: ends.length, maxLength: ends.length })
      .map((cards): PricePeriod[] => [
        ...cards.map((before, index) => ({ until: ends.toSorted()[index] ?? null, ...before })),
        { until: null, ...last },
      ]),
  );
const line = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => /^[^\p{Cc}\p{Bidi_Control}]+$/u.test(text));
const model = fc.record({
  status: fc.constantFrom('active' as const, 'deprecated' as const, 'retired' as const),
  retiresOn: fc.option(day.map((instant) => instant.slice(0, 10))),
  usGeoTenths: fc.option(fc.integer({ min: 1, max: 50 })),
  confidence: line,
  sources: fc.array(line, { maxLength: 3 }),
  note: fc.option(line),
  periods,
});
const book = fc.array(model, { minLength: 1, maxLength: 5 }).map((models) =>
  createPriceBook({
    ...dataOf(currentBook),
    version: 'own-1',
    models: models.map((part, index) => ({ ...someModel, ...part, id: `own-${index}`, aliases: [`alias-${index}`] })),
  }),
);

describe('a price file', () => {
  it('that was printed from a book in force changes nothing', () => {
    fc.assert(
      fc.property(book, (inForce) => {
        const check = checkOverride(JSON.stringify(dataOf(inForce), null, 1), currentBook, inForce);
        if (check.kind === 'invalid') throw new Error(JSON.stringify(check.problems));
        expect(isUnchanged(check.changes)).toBe(true);
        expect(check.data).toEqual(dataOf(inForce));
      }),
    );
  });

  it('with one price changed is told as that change and no other', () => {
    fc.assert(
      fc.property(book, fc.nat(), (inForce, at) => {
        const edited = structuredClone(dataOf(inForce));
        const changed = edited.models[at % edited.models.length];
        const card = changed?.periods.at(-1)?.standard;
        if (!card) throw new Error('a book has models and periods');
        const before = card.output;
        card.output = (before ?? 0) + 1_000;
        const check = checkOverride(JSON.stringify({ ...edited, version: 'own-2' }), currentBook, inForce);
        if (check.kind === 'invalid') throw new Error(JSON.stringify(check.problems));
        const what = { model: changed?.id, class: 'standard.output', until: null, before, after: card.output };
        expect(check.changes).toMatchObject({ modelsAdded: [], modelsRemoved: [], prices: [what] });
        expect(check.changes.facts.map(({ fact }) => fact)).toEqual(['version']);
      }),
    );
  });

  it('never makes the check throw, whatever value stands wherever', () => {
    const anyPlace = fc.constantFrom(...Object.keys(someModel), 'until', 'standard', '__proto__', 'toString');
    fc.assert(
      fc.property(anyPlace, fc.jsonValue(), fc.boolean(), (key, value, isInPeriod) => {
        const entry = isInPeriod
          ? { ...someModel, periods: [{ ...someModel.periods[0], [key]: value }] }
          : { ...someModel, [key]: value };
        const check = checkOverride(overFile([entry]), currentBook);
        if (check.kind === 'valid') return;
        expect(check.problems.length).toBeGreaterThan(0);
        for (const { where, sentence, remedy } of check.problems) {
          expect(where).toMatch(/^(?:models|the file)/);
          expect(`${sentence} ${remedy}`).toMatch(/^[^\p{Cc}]+[.]$/u);
        }
      }),
    );
  });
});

describe('JSON as people write it', () => {
  it('is valid exactly when JSON.parse says so, but for keys that stand twice and for depth', () => {
    const cut = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '\\', '0', ' ', 'x', '\n', ':'));
    const texts = cut.map(([text, at, sign]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + sign + text.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(fc.json(), texts, fc.string()), (text) => {
        const read = readJson(text);
        if (read.kind === 'value') {
          expect(read.value).toEqual(JSON.parse(text));
          return;
        }
        if (/twice|nested/.test(read.sentence)) return;
        expect(() => void JSON.parse(text)).toThrow();
        expect(read.line).toBeLessThanOrEqual(text.split('\n').length);
      }),
      { numRuns: 3_000 },
    );
    expect(readJson('['.repeat(100_000))).toMatchObject({ kind: 'broken', column: 66 });
  });
});
