/** A price file of one's own: what it makes of the book, and a clear sentence for everything that can be wrong with it. */
import { describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { checkOverride, overrideBytesMax } from '../../../shared/pricing/override.ts';
import { overrideSchema } from '../../../shared/pricing/override-shape.ts';
import { hints, quoted } from '../../../shared/pricing/override-words.ts';
import { createPriceBook, dataOf } from '../../../shared/pricing/price-book.ts';
import { longPromptSchema, modelSchema, periodSchema, ratesSchema } from '../../../shared/pricing/price-book-schema.ts';
import { openPeriod, overFile, someModel, someRates, wholeFile } from '../../kit/price-files.ts';

function problemsOf(text: string, inForce = currentBook) {
  const check = checkOverride(text, currentBook, inForce);
  return check.kind === 'invalid' ? check.problems : [];
}

function validOf(text: string, inForce = currentBook) {
  const check = checkOverride(text, currentBook, inForce);
  if (check.kind === 'invalid') throw new Error(JSON.stringify(check.problems));
  return check;
}

const withRates = (rates: object) => ({
  ...someModel,
  periods: [{ ...openPeriod, standard: { ...someRates, ...rates } }],
});
const withPeriods = (...untils: (string | null)[]) => ({
  ...someModel,
  periods: untils.map((until) => ({ ...openPeriod, until })),
});
const without = (key: string) => Object.fromEntries(Object.entries(someModel).filter(([name]) => name !== key));

describe('a price file', () => {
  it('adds models to the shipped book and inherits the rest', () => {
    const { data, changes } = validOf(overFile([someModel]));
    expect(data.models).toEqual([someModel, ...currentBook.models]);
    expect(data).toMatchObject({ version: 'own-1', source: 'our contract', asOf: currentBook.asOf });
    expect(changes).toMatchObject({ modelsAdded: ['claude-own-1'], modelsRemoved: [], prices: [] });
  });

  it('replaces a shipped model in its place, and the price of a search', () => {
    const shipped = currentBook.models[2];
    const cheaper = { ...shipped, periods: [{ ...shipped?.periods[0], standard: { ...someRates, input: 3_500_000 } }] };
    const { data, changes } = validOf(overFile([cheaper], { webSearchPicoUsdPerRequest: 8_000_000_000 }));
    expect(data.models[2]).toEqual(cheaper);
    expect(data.models.length).toBe(currentBook.models.length);
    const open = { from: null, until: null };
    const input = { model: shipped?.id, class: 'standard.input', before: 4_000_000, after: 3_500_000 };
    const search = { model: null, class: 'webSearchPicoUsdPerRequest', before: 10_000_000_000, after: 8_000_000_000 };
    expect(changes.prices).toContainEqual({ ...input, ...open });
    expect(changes.prices[0]).toEqual({ ...search, ...open });
  });

  it('is a whole book without "extends"', () => {
    const { data, changes } = validOf(wholeFile([someModel]));
    expect(data.models).toEqual([someModel]);
    expect(changes.modelsRemoved).toEqual(currentBook.models.map(({ id }) => id));
    expect(createPriceBook(data).find('claude-own-1')?.id).toBe('claude-own-1');
  });

  it('may give things away: zero is a price', () => {
    expect(problemsOf(overFile([withRates({ cacheRead: 0 })]))).toEqual([]);
  });

  it('may begin with the mark of an editor', () => {
    expect(problemsOf(`\uFEFF${overFile([someModel])}`)).toEqual([]);
  });

  it('may keep the name of a book when it says the same, in any order', () => {
    const same = { ...dataOf(currentBook), models: currentBook.models.toReversed() };
    expect(validOf(JSON.stringify(same)).changes).toEqual({
      modelsAdded: [],
      modelsRemoved: [],
      prices: [],
      facts: [],
    });
  });
});

describe('what is wrong with a price file', () => {
  const input = 'models[0].periods[0].standard.input';

  it.each<[string, string, string, RegExp, RegExp]>([
    ['no JSON', '{\n "version": x}', 'line 2, column 13', /^A value is expected here\.$/, /no comments/],
    ['a comma too many', '{"models": [1,\n]}', 'line 2, column 1', /^A value is expected here\.$/, /no comma/],
    ['an end too early', '{"version": "a"', 'line 1, column 16', /^A comma or a } is expected here\.$/, /Correct it/],
    [
      'a key twice',
      '{"a": 1, "a": 2}',
      'line 1, column 10',
      /^The key "a" stands twice in one object\.$/,
      /Correct it/,
    ],
    ['nothing', ' \n', 'the file', /empty/, /prices --json/],
    ['no UTF-8', '\uFFFD\uFFFD{\0', 'the file', /not text in UTF-8/, /Save it/],
    ['a list', '[]', 'the file', /\[\] stands where an object is asked for/, /prices --json/],
    [
      'an unknown key',
      overFile([{ ...someModel, price: 1 }]),
      'models[0].price',
      /not known here/,
      /keys here are id, al/,
    ],
    [
      'another spelling',
      overFile([withRates({ cache_read: 1 })]),
      'models[0].periods[0].standard.cache_read',
      /not known/,
      /Write "cacheRead"/,
    ],
    ['an odd key', overFile([], { 'a\u001Bb': 1 }), '["a\\u001bb"]', /"a\\u001bb" is not known/, /Remove it/],
    [
      'a missing key',
      overFile([without('checkedOn')]),
      'models[0].checkedOn',
      /"checkedOn" is missing/,
      /a day such as/,
    ],
    ['a missing version', overFile([], { version: undefined }), 'version', /missing/, /Give the book a name/],
    ['a name of a version', overFile([], { version: 'our prices' }), 'version', /not a usable name/, /letters, digits/],
    [
      'decimals',
      overFile([withRates({ input: 6.25 })]),
      input,
      /^6\.25 is not a whole number\.$/,
      /\$5 per million tokens is 5000000.* write 6250000\./,
    ],
    ['a negative price', overFile([withRates({ input: -5 })]), input, /^-5 is negative\.$/, /whole pico-USD/],
    [
      'a text for a number',
      overFile([withRates({ input: '5000000' })]),
      input,
      /is a text, not a number/,
      /Remove the quotation marks/,
    ],
    [
      'words for a number',
      overFile([withRates({ input: '$5' })]),
      input,
      /"\$5" stands where a whole number/,
      /whole pico-USD/,
    ],
    [
      'dollars',
      overFile([withRates({ input: 5 })]),
      input,
      /^5 looks like dollars/,
      /If \$5 per million tokens is meant, write 5000000\./,
    ],
    ['dollars, nearly', overFile([withRates({ input: 990 })]), input, /^990 looks like dollars/, /write 990000000\./],
    [
      'dollars a search',
      overFile([], { webSearchPicoUsdPerRequest: 10 }),
      'webSearchPicoUsdPerRequest',
      /looks like dollars/,
      /per 1,000 requests is meant, write 10000000000\./,
    ],
    [
      'pico-USD per million',
      overFile([withRates({ input: 5e12 })]),
      input,
      /more than \$10,000/,
      /\$5 per million tokens is 5000000/,
    ],
    ['a number beyond all', overFile([withRates({ input: 1e300 })]), input, /too large/, /whole pico-USD/],
    [
      'a finer residency',
      overFile([withRates({ input: 5_000_001 })]),
      input,
      /×1\.1, 5500001\.1, which is finer than a pico-dollar/,
      /multiple of 10, such as 5000000\./,
    ],
    [
      'residency as a factor',
      overFile([{ ...someModel, usGeoTenths: 1.1 }]),
      'models[0].usGeoTenths',
      /not a whole number/,
      /11 means ×1\.1/,
    ],
    [
      'residency in percent',
      overFile([{ ...someModel, usGeoTenths: 110 }]),
      'models[0].usGeoTenths',
      /too large/,
      /11 means ×1\.1/,
    ],
    [
      'a status',
      overFile([{ ...someModel, status: 'current' }]),
      'models[0].status',
      /"current" is not known/,
      /"retired"/,
    ],
    [
      'a day that is none',
      overFile([{ ...someModel, checkedOn: '2026-02-30' }]),
      'models[0].checkedOn',
      /not a day/,
      /2026-11-24/,
    ],
    [
      'a bare day as an instant',
      overFile([withPeriods('2026-10-07', null)]),
      'models[0].periods[0].until',
      /not an instant in UTC/,
      /2026-10-07T00:00:00Z/,
    ],
    [
      'no period',
      overFile([{ ...someModel, periods: [] }]),
      'models[0].periods',
      /list is empty/,
      /at least one period/,
    ],
    [
      'no open period',
      overFile([withPeriods('2026-10-07T00:00:00Z')]),
      'models[0].periods[0].until',
      /last period ends at/,
      /null in the last/,
    ],
    [
      'two open periods',
      overFile([withPeriods(null, null)]),
      'models[0].periods[0].until',
      /Only the last period may be open/,
      /Order the periods/,
    ],
    [
      'periods out of order',
      overFile([withPeriods('2026-10-07T00:00:00Z', '2026-09-01T00:00:00Z', null)]),
      'models[0].periods[1].until',
      /not after the end of the one before/,
      /Order the periods/,
    ],
    [
      'an id twice',
      overFile([someModel, someModel]),
      'models[1].id',
      /"claude-own-1" is already a name of models\[0\]\.id/,
      /stands for one model/,
    ],
    [
      'an alias twice',
      overFile([{ ...someModel, aliases: ['a', 'a'] }]),
      'models[0].aliases[1]',
      /already a name of models\[0\]\.aliases\[0\]/,
      /one model/,
    ],
    [
      'an alias that is an id',
      overFile([{ ...someModel, aliases: ['claude-opus-5'] }]),
      'models[0].aliases[0]',
      /of "claude-opus-5" of the shipped book/,
      /to change a model, use its id/,
    ],
    [
      'an id that is an alias',
      overFile([{ ...someModel, id: 'claude-opus-4-5' }]),
      'models[0].id',
      /of "claude-opus-4-5-20251101" of the shipped book/,
      /use its id/,
    ],
    [
      'a mark in an id',
      overFile([{ ...someModel, id: 'claude-own-1[1m]' }]),
      'models[0].id',
      /never found/,
      /Leave out the mark/,
    ],
    [
      'a terminal’s command',
      overFile([{ ...someModel, note: '\u001B[2J' }]),
      'models[0].note',
      /"\\u001b\[2J" holds characters that cannot be printed/,
      /one line/,
    ],
    ['an empty text', overFile([{ ...someModel, id: '' }]), 'models[0].id', /empty/, /exact id/],
    [
      'another shipped book',
      overFile([], { extends: 'anthropic-2020-01-01' }),
      'extends',
      /ships the book "anthropic-2026-11-24\.2", not "anthropic-2020-01-01"/,
      /give a whole book/,
    ],
    ['a whole book without its day', wholeFile([someModel], { asOf: undefined }), 'asOf', /missing/, /a day such as/],
    ['a whole book without models', wholeFile([]), 'models', /no call could be priced/, /"extends"/],
    [
      'the shipped book’s name',
      overFile([someModel], { version: currentBook.version }),
      'version',
      /already names a book with other content/,
      /such as "anthropic-2026-11-24\.2-own"/,
    ],
  ])('is said of %s', (_what, text, where, sentence, remedy) => {
    const problems = problemsOf(text);
    expect(problems.map((problem) => problem.where)).toEqual([where]);
    expect(problems[0]?.sentence).toMatch(sentence);
    expect(problems[0]?.remedy).toMatch(remedy);
  });

  it('is said of the name of the book in force too', () => {
    const inForce = createPriceBook(validOf(wholeFile([someModel])).data);
    expect(problemsOf(wholeFile([someModel]), inForce)).toEqual([]);
    expect(problemsOf(wholeFile([{ ...someModel, note: 'more' }]), inForce)).toMatchObject([{ where: 'version' }]);
  });

  it('is said of its size, in bytes', () => {
    expect(problemsOf(' '.repeat(overrideBytesMax + 1))).toMatchObject([{ sentence: 'The file is larger than 1 MB.' }]);
    expect(problemsOf('é'.repeat(overrideBytesMax / 2 + 1))).toMatchObject([
      { sentence: 'The file is larger than 1 MB.' },
    ]);
    expect(problemsOf(overFile([someModel]) + ' '.repeat(900_000))).toEqual([]);
  });

  it('is said all at once, a problem a place, in bounds', () => {
    const wrong = { ...withRates({ input: 0.5, output: 25 }), status: 'new' };
    expect(problemsOf(overFile([wrong])).map(({ where }) => where)).toEqual([
      'models[0].status',
      'models[0].periods[0].standard.input',
      'models[0].periods[0].standard.output',
    ]);
    const many = problemsOf(overFile(Array.from({ length: 500 }, () => [])));
    expect(many).toHaveLength(101);
    expect(many.at(-1)?.sentence).toBe('400 more problems are not listed.');
  });

  it('has a hint for every key of the format', () => {
    const schemas = [overrideSchema, modelSchema, periodSchema, longPromptSchema, ratesSchema];
    const keys = new Set(schemas.flatMap(({ shape }) => Object.keys(shape)));
    expect([...keys].toSorted()).toEqual(Object.keys(hints).toSorted());
  });

  it('quotes values short and harmless', () => {
    expect(quoted('x'.repeat(500)).length).toBeLessThan(70);
    expect(quoted('\u009B31m\u202E')).toBe('"\\u009b31m\\u202e"');
  });
});
