/**
 * Replays every recorded exchange from a socket server through the running proxy: the client gets identical bytes, and the ledger says what the
 * response says by the documented rules (documented-rules.ts), to the nano-dollar.
 */
import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ExportedCall } from '../../shared/contract/export.ts';
import { raw } from '../kit/raw-http.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';
import { expectedOf } from './documented-rules.ts';
import {
  absentReason,
  bodyOf,
  isRecordedHere,
  readExchanges,
  recordedFiles,
  type Exchange,
} from './recorded-traffic.ts';

let upstream: Upstream;
let engine: TestEngine;
let current: Exchange;

/** The recorder's transport stood between; these described its connection, not the answer. */
const connectionHeaders = /^(?:transfer-encoding|connection|content-length|keep-alive)$/i;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    const body = bodyOf(current);
    // Where the recorder kept only the decoded text, the encoding it names is no longer true.
    const isDecoded = current.response.body_raw_b64 === undefined;
    const headers = Object.entries(current.response.headers).flatMap(([name, value]) =>
      connectionHeaders.test(name) || (isDecoded && /^content-encoding$/i.test(name))
        ? []
        : [value].flat().flatMap((one) => [name, one]),
    );
    response.sendDate = false;
    response.writeHead(current.response.status, headers);
    // In three pieces: a stream does not come at once.
    const third = Math.ceil(body.length / 3);
    response.write(body.subarray(0, third));
    response.write(body.subarray(third, 2 * third));
    response.end(body.subarray(2 * third));
  });
  engine = await startTestEngine({ upstream: upstream.url });
});

afterAll(async () => {
  await engine.close();
  await upstream.close();
});

/** Cassettes of several projects hold the same messages. */
const seenMessages = new Set<string>();

/** A message that stands in the ledger already is counted there, whoever gave it again (design, invariant 5). */
function answeredFromCache(told: ReturnType<typeof expectedOf>): ReturnType<typeof expectedOf> {
  return {
    ...told,
    messageId: null,
    input: 0,
    write5m: 0,
    write1h: 0,
    read: 0,
    output: 0,
    webSearches: 0,
    costNano: 0n,
  };
}

/** Of all files so far. */
const batchLines: ReturnType<typeof expectedOf>[] = [];

const proxied = () => engine.exported().filter(({ source }) => source === 'proxy');

/** A row in the words of the documented rules. */
function shownOf(row: ExportedCall): ReturnType<typeof expectedOf> {
  return {
    status: row.status as 'complete',
    messageId: row.message_id,
    model: row.model,
    stopReason: row.stop_reason,
    input: row.input_tokens,
    write5m: row.cache_write_5m_tokens,
    write1h: row.cache_write_1h_tokens,
    read: row.cache_read_tokens,
    output: row.output_tokens,
    webSearches: row.web_search_requests,
    costNano: row.cost_nano_usd === null ? null : BigInt(row.cost_nano_usd),
  };
}

/** The lines of a batch's results, each a message at the price of a batch. */
function expectedOfBatch(body: string): ReturnType<typeof expectedOf>[] {
  type Line = { result: { type: string; message: { usage: object } } };
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const { result } = JSON.parse(line) as Line;
    return expectedOf(200, JSON.stringify(result.message), false);
  });
}

async function expectBatchRows(expected: readonly ReturnType<typeof expectedOf>[]): Promise<void> {
  const byMessage = (rows: readonly ReturnType<typeof expectedOf>[]) =>
    rows.toSorted((a, b) => String(a.messageId).localeCompare(String(b.messageId)));
  const batchRows = () => engine.exported().filter(({ source }) => source === 'batch');
  await expect.poll(() => batchRows().length, { timeout: 10_000 }).toBe(expected.length);
  expect(byMessage(batchRows().map(shownOf))).toEqual(byMessage(expected));
  expect(batchRows().every(({ service_tier: tier }) => tier === 'batch')).toBe(true);
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('recorded traffic', () => {
  it.for(recordedFiles().length > 0 ? recordedFiles() : ['(absent)'])(
    'of %s passes unchanged and is metered as documented',
    async (file, { skip }) => {
      if (!isRecordedHere) skip(absentReason);
      const exchanges = readExchanges(file);
      expect(exchanges.length).toBeGreaterThan(0);
      const metered: { exchange: Exchange; expected: ReturnType<typeof expectedOf> }[] = [];
      const before = proxied().length;

      for (const exchange of exchanges) {
        current = exchange;
        const url = new URL(exchange.request.url);
        const { method } = exchange.request;
        const body = method === 'GET' ? {} : { body: exchange.request.body || '{}' };
        const answer = await raw(`${engine.proxyUrl}${url.pathname}${url.search}`, {
          method,
          ...body,
          headers: { 'x-api-key': 'sk-ant-recorded' },
        });

        expect(answer.status).toBe(exchange.response.status);
        expect(hash(answer.body), exchange.source).toBe(hash(bodyOf(exchange)));
        if (url.pathname.replace(/\/$/, '').endsWith('/results'))
          batchLines.push(...expectedOfBatch(exchange.response.body_text));
        if (method === 'POST' && url.pathname === '/v1/messages') {
          const isStream = /event-stream/.test(String(answer.headers['content-type']));
          const told = expectedOf(exchange.response.status, exchange.response.body_text, isStream);
          const isRepeat = told.messageId !== null && seenMessages.has(told.messageId);
          if (told.messageId !== null) seenMessages.add(told.messageId);
          metered.push({ exchange, expected: isRepeat ? answeredFromCache(told) : told });
        }
      }

      await expect.poll(() => proxied().length, { timeout: 10_000 }).toBe(before + metered.length);
      const rows = proxied().slice(before);
      for (const [index, { exchange, expected }] of metered.entries()) {
        const row = rows[index];
        expect(row && shownOf(row), exchange.source).toEqual(expected);
        expect(row?.http_status).toBe(exchange.response.status);
      }
      await expectBatchRows(batchLines);
    },
  );

  it('leaves a ledger that adds up', ({ skip }) => {
    if (!isRecordedHere) skip(absentReason);
    const { calls, findings } = engine.verify();
    expect(findings).toEqual([]);
    expect(calls).toBeGreaterThan(400);
    // Most of it is priced; were the book or the reading of models broken, both sides could agree on null.
    expect(engine.exported().filter((call) => (call.cost_nano_usd ?? 0) > 0).length).toBeGreaterThan(350);
  });
});
