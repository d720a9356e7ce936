/**
 * The price book. `GET /api/prices`: the book in force and what was spent by it this month. `GET /api/prices/by-book?month=…`: which books priced the
 * calls of a month. `POST /api/prices/check` and `/api/prices/file`, each with the text of a price file as its body: whether it can be used, and
 * putting it in force for good. `POST /api/prices/reset`: back to the book that ships. A file that cannot be used changes nothing.
 */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import type { PricesView } from '../../shared/contract/prices.ts';
import { unpricedQuerySchema } from '../../shared/contract/unpriced.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { createDayOf, monthOfDay } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { checkOverride, overrideBytesMax, type OverrideCheck } from '../../shared/pricing/override.ts';
import { dataOf, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { forgetPriceBook, priceBookFile, savePriceBook } from '../settings/price-book-file.ts';
import { errorText } from '../system/error-text.ts';
import type { ApiParts } from './parts.ts';
import { readQuery } from './query.ts';

export function pricesRoutes({ prices, read, clock, timeZone, home }: ApiParts): Hono {
  const dayOf = createDayOf(timeZone);
  const month = () => monthOfDay(dayOf(clock.nowMs()));
  const checkBody = async (context: Context) => checkOverride(await context.req.text(), currentBook, prices.book());
  const routes = new Hono();
  routes.use('/prices/check', refuseLong);
  routes.use('/prices/file', refuseLong);

  routes.get('/prices', async (context) => {
    const today = dayOf(clock.nowMs());
    const view = await read('month', { month: month(), by: 'model', today, timeZone });
    return context.json({ atMs: clock.nowMs(), ...viewOf(prices, home, view) } satisfies PricesView);
  });
  routes.get('/prices/by-book', async (context) => {
    const query = readQuery(context, unpricedQuerySchema);
    return context.json(await read('pricedBy', { month: query.month ?? month() }));
  });
  routes.post('/prices/check', async (context) => context.json(answerOf(await checkBody(context))));
  routes.post('/prices/file', async (context) => {
    const check = await checkBody(context);
    if (check.kind === 'valid') await putInForce(prices, check.data, () => savePriceBook(home, check.data));
    return context.json(answerOf(check));
  });
  routes.post('/prices/reset', async (context) => {
    await putInForce(prices, dataOf(currentBook), () => forgetPriceBook(home));
    return context.json({ priceBook: prices.book().version });
  });
  return routes;
}

const refuseLong = bodyLimit({
  maxSize: overrideBytesMax,
  onError: () => {
    throw new AppError(
      'bad_usage',
      'The file is larger than 1 MB.',
      'Choose a price file; a whole book is far smaller.',
    );
  },
});

type Prices = ApiParts['prices'];

function viewOf(
  prices: Prices,
  home: string,
  month: { month: string; rows: readonly UsedRow[] },
): Omit<PricesView, 'atMs'> {
  const { find, ...book } = prices.book();
  return {
    book: { ...book, models: [...book.models] },
    // A version names one content for good, and the shipped one's name is refused to a file.
    file: book.version === currentBook.version ? null : priceBookFile(home),
    shippedVersion: currentBook.version,
    month: month.month,
    used: month.rows.map(({ key, spend: { costNanoUsd, calls, unpricedCalls } }) => ({
      model: key,
      bookId: key === null ? null : (find(key)?.id ?? null),
      costNanoUsd,
      calls,
      unpricedCalls,
    })),
  };
}

type UsedRow = {
  readonly key: string | null;
  readonly spend: { readonly costNanoUsd: number; readonly calls: number; readonly unpricedCalls: number };
};

function answerOf(check: OverrideCheck) {
  if (check.kind === 'invalid') return check;
  return { kind: check.kind, version: check.data.version, changes: check.changes };
}

/**
 * The ledger is asked first, since it refuses a version name that has meant other prices. When the home folder then refuses the file the book before
 * is in force again: what is shown as in force is what the next start finds.
 */
async function putInForce(prices: Prices, data: PriceBookData, keep: () => void): Promise<void> {
  const before = dataOf(prices.book());
  await prices.use(data);
  try {
    keep();
  } catch (error) {
    await prices.use(before);
    throw new AppError(
      'engine_failed',
      `The price file of the home folder cannot be changed (${errorText(error)}); the prices are as they were.`,
      'Make the home folder writable for this user, and try again.',
      error,
    );
  }
}
