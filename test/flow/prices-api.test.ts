/** The price book through the dashboard's API: what is in force, a file that is checked and put in force for good, and one that changes nothing. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { callsTotalSchema, pendingBatchesSchema } from '../../shared/contract/api.ts';
import { apiErrorSchema } from '../../shared/contract/api-error.ts';
import { priceCheckSchema, pricedByViewSchema, pricesViewSchema } from '../../shared/contract/prices.ts';
import { unpricedViewSchema } from '../../shared/contract/unpriced.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { openPeriod, overFile, someModel } from '../kit/price-files.ts';
import { dearBook, seededNowMs, seedHome, unknownModel } from '../kit/seeded-home.ts';
import { startTestEngine, testToken, type TestEngine } from '../kit/test-engine.ts';

let engine: TestEngine;

beforeEach(async () => {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-prices-'));
  seedHome({ home, nowMs: seededNowMs, calls: 60 });
  engine = await startTestEngine({ upstream: 'http://127.0.0.1:9', home, nowMs: seededNowMs });
});
afterEach(async () => {
  expect(engine.verify().findings).toEqual([]);
  await engine.close();
  rmSync(engine.home, { recursive: true });
});

const prices = async () => pricesViewSchema.parse(await (await engine.get('/api/prices')).json());
const send = (path: string, body = '') =>
  fetch(`${engine.dashboardUrl}${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${testToken}` } });
const tell = async (path: string, body: string) => priceCheckSchema.parse(await (await send(path, body)).json());
const newModel = { ...someModel, id: unknownModel, periods: [openPeriod] };
const file = overFile([newModel], { version: 'own-1' });

describe('the prices of a running engine', () => {
  it('are the book in force, with what was spent by each model and what it does not know', async () => {
    const view = await prices();
    expect(view).toMatchObject({
      file: null,
      shippedVersion: currentBook.version,
      book: { version: currentBook.version },
    });
    expect(view.used.find(({ model }) => model === unknownModel)).toMatchObject({ bookId: null, unpricedCalls: 41 });
    expect(view.used.filter(({ bookId }) => bookId !== null).length).toBeGreaterThan(0);
    const priced = pricedByViewSchema.parse(await (await engine.get('/api/prices/by-book')).json());
    expect(priced.books.map(({ priceBook }) => priceBook).toSorted()).toEqual(
      [currentBook.version, dearBook.version].toSorted(),
    );
  });

  it('stay as they are for a file that cannot be used, and for one that is only checked', async () => {
    expect(await tell('/api/prices/check', '{')).toMatchObject({
      kind: 'invalid',
      problems: [{ where: 'line 1, column 2' }],
    });
    expect(await tell('/api/prices/file', '{')).toMatchObject({ kind: 'invalid' });
    expect(await tell('/api/prices/check', file)).toMatchObject({
      kind: 'valid',
      version: 'own-1',
      changes: { modelsAdded: [unknownModel] },
    });
    expect((await prices()).book.version).toBe(currentBook.version);
    const long = await send('/api/prices/file', ' '.repeat(1_000_001));
    expect(long.status).toBe(400);
    expect(apiErrorSchema.parse(await long.json()).error.message).toBe('The file is larger than 1 MB.');
  });

  it('are those of a file once it is applied, past calls follow when they are priced again, and a restart keeps it', async () => {
    expect(await tell('/api/prices/file', file)).toMatchObject({ kind: 'valid', version: 'own-1' });
    expect(await prices()).toMatchObject({ file: join(engine.home, 'price-book.json'), book: { version: 'own-1' } });
    const trial = await engine.post('/api/prices/rerate', { isTrial: true });
    expect(trial).toMatchObject({ newlyPriced: 41, stillUnpriced: 7 });
    const unpriced = async () => unpricedViewSchema.parse(await (await engine.get('/api/unpriced')).json());
    const before = (await unpriced()).calls;
    await engine.post('/api/prices/rerate', {});
    expect((await unpriced()).calls).toBe(before - 41);

    await engine.restart();
    expect((await prices()).book.version).toBe('own-1');
    expect((await send('/api/prices/reset')).status).toBe(200);
    expect(await prices()).toMatchObject({ file: null, book: { version: currentBook.version } });
    expect(existsSync(join(engine.home, 'price-book.json'))).toBe(false);
  });

  it('are as they were when the home folder refuses the file', async () => {
    mkdirSync(join(engine.home, 'price-book.json.new'));
    const answer = await send('/api/prices/file', file);
    expect(answer.status).toBe(500);
    expect(apiErrorSchema.parse(await answer.json()).error.message).toContain('the prices are as they were');
    expect((await prices()).book.version).toBe(currentBook.version);
  });
});

describe('beside them', () => {
  it('a filter has its sum, and batches are told that wait', async () => {
    const total = callsTotalSchema.parse(await (await engine.get('/api/calls/total?model=claude-opus-6')).json());
    const refused = { calls: 0, wouldCostNanoUsd: 0, unpricedCalls: 0 };
    expect(total).toEqual({ calls: 41, costNanoUsd: 0, unpricedCalls: 41, estimatedCalls: 0, refused, isWhole: true });
    const { batches } = pendingBatchesSchema.parse(await (await engine.get('/api/batches')).json());
    expect(batches.map(({ status, requests }) => `${status} ${requests}`)).toEqual(['ended 1200', 'in_progress 84']);
  });
});
