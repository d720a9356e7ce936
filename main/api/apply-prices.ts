/**
 * `POST /api/prices/apply` {book}: puts a price book in force at once (null: the one that ships). `POST /api/prices/rerate` {from, to, isTrial}: prices
 * past calls again. The file that keeps a book in force over a restart is written by the command that asks.
 */
import { Hono } from 'hono';

import { applyPricesSchema, rerateQuestionSchema } from '../../shared/contract/api.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { dataOf } from '../../shared/pricing/price-book.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function applyPricesRoutes({ prices }: ApiParts): Hono {
  const routes = new Hono();
  routes.post('/prices/apply', async (context) => {
    const { book } = await readJson(context, applyPricesSchema);
    await prices.use(book ?? dataOf(currentBook));
    return context.json({ priceBook: prices.book().version });
  });
  routes.post('/prices/rerate', async (context) =>
    context.json(await prices.rerate(await readJson(context, rerateQuestionSchema))),
  );
  return routes;
}
