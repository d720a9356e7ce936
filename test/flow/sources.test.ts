/**
 * The same calls through the proxy, a transcript, a batch's results and a teammate's export: each is one call in the ledger, at its best record, beside a
 * running engine whose screens follow (design, invariant 5).
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { openRaw, raw } from '../kit/raw-http.ts';
import { messageDelta, messageStart, messageStop, textDelta } from '../kit/sse-text.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Answer, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
let claude: string;

const model = 'claude-sonnet-5-5';
const usage = { input_tokens: 1_000, cache_read_input_tokens: 0, output_tokens: 1 };
/** $2 in and $10 out a million. */
const cost = (input: number, output: number) => input * 2_000 + output * 10_000;

async function start(answer: Answer, settings = {}): Promise<void> {
  upstream = await startUpstream(answer);
  engine = await startTestEngine({ upstream: upstream.url, settings });
}

function transcriptLine(id: string, output: number, stop: string | null = null) {
  const message = { id, model, type: 'message', stop_reason: stop, usage: { ...usage, output_tokens: output } };
  const line = {
    timestamp: new Date().toISOString(),
    sessionId: 'session-1',
    requestId: `req_${id}`,
    cwd: '/home/dev/webshop',
    type: 'assistant',
    message,
  };
  return `${JSON.stringify(line)}\n`;
}

function writeTranscript(text: string): void {
  mkdirSync(join(claude, 'projects', 'webshop'), { recursive: true });
  appendFileSync(join(claude, 'projects', 'webshop', 'session-1.jsonl'), text);
}

const importTranscripts = () =>
  engine.post('/api/import/claude-code', { folder: claude, configFolders: null, homeFolder: claude });
const liveMonth = async () => ((await (await engine.get('/api/live')).json()) as { month: object }).month;
const whole = (id: string) =>
  messageStart(usage, model, id) + textDelta('hello') + messageDelta({ output_tokens: 40 }) + messageStop;
/** As Claude Code calls: the session in a header, the request's id in the answer's. */
const session = { 'x-claude-code-session-id': 'session-1', 'user-agent': 'claude-cli/2.1.40 (external, cli)' };
const post = { method: 'POST', headers: session, body: JSON.stringify({ model, stream: true }) };

beforeEach(() => {
  claude = mkdtempSync(join(tmpdir(), 'tollkeeper-claude-'));
});
afterEach(async () => {
  expect(engine.verify().findings).toEqual([]);
  await engine.close();
  await upstream.close();
  rmSync(claude, { recursive: true });
});

describe('a call of Claude Code through the proxy and in its transcript', () => {
  it('is one call', async () => {
    const headers = { 'content-type': 'text/event-stream', 'request-id': 'req_msg_a' };
    await start((_request, response) => response.writeHead(200, headers).end(whole('msg_a')), { project: 'webshop' });
    await raw(`${engine.proxyUrl}/v1/messages`, post);
    await engine.settled(1);
    writeTranscript(transcriptLine('msg_a', 3) + transcriptLine('msg_b', 5));

    expect(await importTranscripts()).toMatchObject({ recorded: 1, unchanged: 1, corrected: 0 });
    expect(await importTranscripts()).toMatchObject({ newFiles: 0, recorded: 0 });
    expect(
      engine
        .exported()
        .map((row) => `${row.source} ${row.output_tokens}`)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['claude_code 5', 'proxy 40']);
    expect(await liveMonth()).toMatchObject({ calls: 2, costNanoUsd: cost(1_000, 40) + cost(1_000, 5) });
  });

  it('that was cut is corrected when the transcript knows its end, and the live sum follows', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(messageStart(usage, model, 'msg_a') + textDelta('hello'));
    });
    const incoming = await openRaw(`${engine.proxyUrl}/v1/messages`, post);
    await once(incoming, 'data');
    incoming.destroy();
    const [cut] = await engine.settled(1);
    expect(cut).toMatchObject({ status: 'partial', isEstimated: true });

    writeTranscript(transcriptLine('msg_a', 250, 'end_turn'));
    expect(await importTranscripts()).toMatchObject({ corrected: 1, recorded: 0 });

    const [row] = engine.exported();
    expect(row).toMatchObject({
      id: cut?.id,
      source: 'proxy',
      status: 'complete',
      estimated: false,
      output_tokens: 250,
      cost_nano_usd: cost(1_000, 250),
    });
    expect(await liveMonth()).toMatchObject({ calls: 1, costNanoUsd: cost(1_000, 250) });
    const detail = await engine.call(row?.id ?? '');
    expect(detail).toMatchObject({
      alsoSeen: [{ source: 'claude_code' }],
      earlier: [{ costNanoUsd: cut?.costNanoUsd }],
    });
  });

  it('is read by the watcher while it grows, where that is switched on', async () => {
    await start(() => {}, { watchTranscripts: true });
    const place = join(engine.home, 'claude', 'projects', 'webshop');
    mkdirSync(place, { recursive: true });
    await engine.restart();
    writeFileSync(join(place, 'session-2.jsonl'), transcriptLine('msg_w', 7));
    await engine.settled(1);
    appendFileSync(join(place, 'session-2.jsonl'), transcriptLine('msg_w', 70, 'end_turn'));
    await expect.poll(() => engine.exported()[0]?.output_tokens, { timeout: 10_000 }).toBe(70);
    expect(engine.exported()).toHaveLength(1);
  });
});

describe('a teammate’s export', () => {
  it('brings their calls in once, knows ours again, and tells what is no call', async () => {
    await start((request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(whole(`msg_${request.url.length}`)),
    );
    await raw(`${engine.proxyUrl}/@alice/v1/messages`, post);
    await engine.settled(1);
    const [ours] = engine.exported();
    const theirs = {
      ...ours,
      id: 'call_theirs',
      message_id: 'msg_theirs',
      member: 'bo',
      customer: 'cus_b',
      passes: 2,
      cost_nano_usd: 123_456,
      price_book: 'their-book',
    };
    const file = join(claude, 'bo.jsonl');
    writeFileSync(file, [JSON.stringify(ours), JSON.stringify(theirs), '{"id": 5}', ''].join('\n'));

    expect(await engine.post('/api/import/ledger', { path: file })).toMatchObject({
      lines: 3,
      recorded: 1,
      unchanged: 1,
      broken: 1,
      sentences: [expect.stringContaining('Line 3')],
    });
    expect(await engine.post('/api/import/ledger', { path: file })).toMatchObject({ recorded: 0, unchanged: 2 });
    const imported = await engine.call('call_theirs');
    expect(imported).toMatchObject({
      source: 'import',
      member: 'bo',
      costNanoUsd: 123_456,
      lines: [{ tokenClass: 'imported', basis: 'price book their-book of another machine' }],
    });
    // Billed by the teammate's own machine, never by two.
    expect(imported.meterEvents).toEqual([]);
    await expect(engine.post('/api/import/ledger', { path: join(claude, 'no.jsonl') })).rejects.toThrow(
      /cannot be read/,
    );
  });
});

describe('a message batch', () => {
  const facts = (status: string) => ({
    id: 'msgbatch_1',
    type: 'message_batch',
    processing_status: status,
    request_counts: { processing: 3, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    created_at: new Date(Date.now() - 3_600_000).toISOString(),
    ended_at: null,
    results_url: null,
  });
  const succeeded = (customId: string, id: string, output: number) => ({
    custom_id: customId,
    result: {
      type: 'succeeded',
      message: {
        id,
        type: 'message',
        model,
        stop_reason: 'end_turn',
        usage: { ...usage, output_tokens: output, service_tier: 'batch' },
      },
    },
  });
  const errored = {
    custom_id: 'c',
    result: { type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error', message: 'no' } } },
  };
  const lines = (...results: object[]) => `${results.map((result) => JSON.stringify(result)).join('\n')}\n`;
  const pending = async () => (await engine.get('/api/batches')).json();

  it('is pending from its submission, and metered from its results: any order, half the price, once however often they are fetched', async () => {
    let fetched = 0;
    await start((request, response) => {
      if (!request.url.endsWith('/results'))
        return response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(facts('in_progress')));
      fetched += 1;
      const results = [succeeded('a', 'msg_a', 100), succeeded('b', 'msg_b', 200), errored];
      return response
        .writeHead(200, { 'content-type': 'application/x-jsonl' })
        .end(lines(...(fetched === 1 ? results : results.toReversed())));
    });
    await raw(`${engine.proxyUrl}/@alice/webshop/v1/messages/batches`, { method: 'POST', body: '{"requests":[]}' });
    await expect
      .poll(pending)
      .toMatchObject({ batches: [{ id: 'msgbatch_1', requests: 3, member: 'alice', project: 'webshop' }] });
    expect(engine.exported()).toEqual([]);

    for (let time = 0; time < 3; time++) {
      const answer = await raw(`${engine.proxyUrl}/v1/messages/batches/msgbatch_1/results`);
      expect(answer.status).toBe(200);
    }
    await engine.settled(3);
    await expect.poll(pending).toEqual({ batches: [] });
    const rows = engine.exported().toSorted((a, b) => a.output_tokens - b.output_tokens);
    expect(rows).toMatchObject([
      { source: 'batch', status: 'failed', cost_nano_usd: 0 },
      {
        source: 'batch',
        status: 'complete',
        member: 'alice',
        service_tier: 'batch',
        output_tokens: 100,
        cost_nano_usd: cost(1_000, 100) / 2,
      },
      { source: 'batch', status: 'complete', output_tokens: 200, cost_nano_usd: cost(1_000, 200) / 2 },
    ]);
    // It belongs to when it was submitted.
    expect(Date.parse(rows[1]?.started_at ?? '')).toBeLessThan(Date.now() - 3_000_000);
  });

  it('whose results were cut stays pending with what was read, and is whole after the next fetch', async () => {
    let fetched = 0;
    await start((request, response) => {
      if (!request.url.endsWith('/results')) return response.end(JSON.stringify(facts('ended')));
      fetched += 1;
      const body = lines(succeeded('a', 'msg_a', 100), succeeded('b', 'msg_b', 200));
      response.writeHead(200, { 'content-type': 'application/x-jsonl', 'content-length': Buffer.byteLength(body) });
      if (fetched > 1) return response.end(body);
      return response.write(body.slice(0, body.length - 40), () => response.destroy());
    });
    await raw(`${engine.proxyUrl}/v1/messages/batches`, { method: 'POST', body: '{}' });
    await raw(`${engine.proxyUrl}/v1/messages/batches/msgbatch_1/results`).catch(() => null);
    await engine.settled(1);
    expect(await pending()).toMatchObject({ batches: [{ id: 'msgbatch_1' }] });
    await raw(`${engine.proxyUrl}/v1/messages/batches/msgbatch_1/results`);
    await engine.settled(2);
    await expect.poll(pending).toEqual({ batches: [] });
  });

  it('of the real SDK passes and is metered', async () => {
    const anthropic = await startSandboxAnthropic({ clock: systemClock });
    await start((request, response) =>
      request.url.endsWith('/results')
        ? response.end(lines(succeeded('a', 'msg_a', 100)))
        : response.writeHead(200, { 'content-type': 'application/json' }).end(
            JSON.stringify({
              ...facts('ended'),
              results_url: `${engine.proxyUrl}/v1/messages/batches/msgbatch_1/results`,
            }),
          ),
    );
    const client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl });
    const seen: string[] = [];
    for await (const result of await client.messages.batches.results('msgbatch_1')) seen.push(result.custom_id);
    expect(seen).toEqual(['a']);
    await engine.settled(1);
    expect(engine.exported()).toMatchObject([{ source: 'batch', message_id: 'msg_a' }]);
    await anthropic.close();
  });
});
