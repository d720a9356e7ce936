/** What the simulated Anthropic does wrong when told: each fault on the wire, and what the record says of it. */
import { once } from 'node:events';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { drawFault, parseFault, type FaultPlan } from '../../../main/sandbox/anthropic-faults.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../../main/sandbox/anthropic-server.ts';
import type { Clock } from '../../../main/system/clock.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { bytesOf, openRaw, raw } from '../../kit/raw-http.ts';

const question = {
  model: 'claude-sonnet-5-5',
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'Please find out why the cart total is computed twice.' }],
};

/** A clock whose timers run when the test says so. */
function createHandClock(): Clock & { readonly delays: number[]; readonly run: () => void } {
  const delays: number[] = [];
  const waiting = new Set<() => void>();
  return {
    ...systemClock,
    delays,
    after: (delayMs, run) => {
      delays.push(delayMs);
      waiting.add(run);
      return { cancel: () => void waiting.delete(run) };
    },
    run: () => {
      const due = [...waiting];
      waiting.clear();
      for (const run of due) run();
    },
  };
}

let clock: ReturnType<typeof createHandClock>;
let sandbox: SandboxAnthropic;
let client: Anthropic;

beforeEach(async () => {
  clock = createHandClock();
  sandbox = await startSandboxAnthropic({ clock });
  client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: sandbox.url, maxRetries: 0 });
});

afterEach(() => sandbox.close());

const told = (fault: string) => ({ headers: { 'x-sandbox-fault': fault } });

function ask(fault: string, isStream = true) {
  const headers = { 'x-api-key': 'sk-ant-test', 'x-sandbox-fault': fault };
  const body = JSON.stringify({ ...question, stream: isStream });
  return { url: `${sandbox.url}/v1/messages`, request: { method: 'POST', headers, body } };
}

const open = (fault: string, isStream = true) => {
  const { url, request } = ask(fault, isStream);
  return openRaw(url, request);
};

const take = (fault: string, isStream = true) => {
  const { url, request } = ask(fault, isStream);
  return raw(url, request);
};

/** All that came before the connection was cut. */
async function untilCut(fault: string, isStream = true): Promise<Buffer> {
  const incoming = await open(fault, isStream);
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [error] = (await once(incoming, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  return Buffer.concat(chunks);
}

/** Waits for what follows from an event on the other end of a socket. */
const settled = () => expect.poll(() => sandbox.served().at(-1)?.end).not.toBe('sending');

describe('an error status', () => {
  it.each([
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [401, Anthropic.AuthenticationError, 'authentication_error'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [529, Anthropic.InternalServerError, 'overloaded_error'],
  ])('%i is what the SDK expects of it, and no message is served', async (status, kind, type) => {
    const error: unknown = await client.messages.create(question, told(`status=${status}`)).catch((cause) => cause);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) });
    expect(sandbox.served()).toEqual([]);
  });

  it('says when to come back', async () => {
    expect((await take('status=429;retry-after=7')).headers['retry-after']).toBe('7');
    expect((await take('status=529')).headers['retry-after']).toBe('1');
    expect((await take('status=500')).headers['retry-after']).toBeUndefined();
  });

  it('413 can come from an edge that speaks HTML', async () => {
    const answer = await take('413-html');
    expect(answer).toMatchObject({ status: 413, headers: { 'content-type': 'text/html' } });
    expect(answer.headers['request-id']).toBeUndefined();
    expect(answer.body.toString()).toContain('<html>');
  });
});

describe('a stream', () => {
  it('that is overloaded in the middle ends with an error event and no final usage', async () => {
    const { body, status } = await take('overloaded-mid-stream=5');

    expect(status).toBe(200);
    expect(body.toString().match(/event: content_block_delta/g)).toHaveLength(5);
    expect(body.toString()).toMatch(/event: error\ndata: .*"overloaded_error".*\n\n$/);
    expect(sandbox.served()).toMatchObject([
      { end: 'fault', deltasSent: 5, textBytesSent: 120, isFinalUsageSent: false, usage: { output_tokens: 1 } },
    ]);
    const failed = client.messages.stream(question, told('overloaded-mid-stream=5')).finalMessage();
    await expect(failed).rejects.toBeInstanceOf(Anthropic.APIError);
  });

  it.each([1, 700, 2_500])('is cut after exactly %i bytes', async (bytes) => {
    expect(await untilCut(`cut-after-bytes=${bytes}`)).toHaveLength(bytes);
    await settled();
    expect(sandbox.served()).toMatchObject([{ end: 'fault', bodyBytesSent: bytes, isFinalUsageSent: false }]);
  });

  it('is cut after so many deltas', async () => {
    expect((await untilCut('cut-after=3')).toString().match(/event: content_block_delta/g)).toHaveLength(3);
    expect(sandbox.served()).toMatchObject([{ end: 'fault', deltasSent: 3 }]);
  });

  it('that is slow waits before each delta, and stops when the client leaves', async () => {
    const incoming = await open('slow=40');
    incoming.on('error', () => {});
    await once(incoming, 'data');
    clock.run();
    await expect.poll(() => sandbox.served()[0]?.deltasSent).toBe(1);
    expect(sandbox.served()[0]?.end).toBe('sending');
    incoming.destroy();
    await settled();

    expect(sandbox.served()).toMatchObject([{ end: 'client_left', deltasSent: 1, isFinalUsageSent: false }]);
    expect(new Set(clock.delays)).toEqual(new Set([40]));
  });

  it('aborted by the SDK is recorded as left', async () => {
    const stream = client.messages.stream(question, told('slow=40'));
    stream.on('connect', () => stream.abort());
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    await settled();
    expect(sandbox.served()).toMatchObject([{ end: 'client_left', deltasSent: 0 }]);
  });

  it('can end its lines the other way', async () => {
    const text = (await take('crlf')).body.toString();
    expect(text).toContain('event: message_start\r\ndata: ');
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    const message = await client.messages.stream(question, told('crlf')).finalMessage();
    expect(message.usage).toMatchObject(sandbox.served()[1]?.usage ?? {});
  });
});

describe('a JSON answer', () => {
  it('is cut in the middle of its body', async () => {
    expect(await untilCut('cut-after-bytes=100', false)).toHaveLength(100);
    await settled();
    expect(sandbox.served()).toMatchObject([{ end: 'fault', isStream: false, isFinalUsageSent: false }]);
  });

  it('takes as long as its stream would, and is not sent to a client that left', async () => {
    const leaving = new AbortController();
    const answer = client.messages.create(question, { ...told('slow=40'), signal: leaving.signal });
    await expect.poll(() => clock.delays.length).toBe(1);
    expect(clock.delays[0]).toBeGreaterThan(40 * 20);
    leaving.abort();
    await expect(answer).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    await settled();
    expect(sandbox.served()).toMatchObject([{ end: 'client_left', bodyBytesSent: 0 }]);
  });
});

describe('the first byte', () => {
  it('comes late', async () => {
    const answer = take('delay-first-byte-ms=3000', false);
    await expect.poll(() => clock.delays).toEqual([3_000]);
    expect(sandbox.served()).toEqual([]);
    clock.run();
    expect((await answer).status).toBe(200);
  });

  it('never comes, until the client gives up', async () => {
    const patience = AbortSignal.timeout(50);
    const answer = client.messages.create(question, { ...told('never-answer'), signal: patience });
    await expect(answer).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    expect(sandbox.requestCount()).toBe(1);
    expect(sandbox.served()).toEqual([]);
  });
});

describe('compression', () => {
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

  it.each(['gzip', 'br', 'zstd'] as const)('%s happens only when told, to streams and to JSON', async (encoding) => {
    const plain = await take('');
    const [stream, json] = [await take(`encoding=${encoding}`), await take(`encoding=${encoding}`, false)];

    expect(plain.headers['content-encoding']).toBeUndefined();
    expect([stream.headers['content-encoding'], json.headers['content-encoding']]).toEqual([encoding, encoding]);
    expect(decoders[encoding](stream.body).toString()).toContain('event: message_stop');
    expect(JSON.parse(decoders[encoding](json.body).toString())).toMatchObject({ type: 'message' });
    expect(sandbox.served().map(({ end }) => end)).toEqual(['whole', 'whole', 'whole']);
    expect(sandbox.served()[1]?.bodyBytesSent).toBe(stream.body.length);
  });

  it('is flushed event by event', async () => {
    const incoming = await open('encoding=gzip;slow=40');
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    const read = () => gunzipSync(Buffer.concat(chunks), { finishFlush: 2 }).toString();

    await expect.poll(read).toContain('event: content_block_start');
    clock.run();
    await expect.poll(read).toContain('event: content_block_delta');
    expect(sandbox.served()[0]?.end).toBe('sending');
    incoming.on('error', () => {});
    incoming.destroy();
  });

  it('can come without being named', async () => {
    const answer = await take('no-content-encoding-gzip');
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(answer.body).toString()).toContain('event: message_stop');
    expect((await bytesOf(await open('silent-encoding=br'))).toString()).not.toContain('event:');
  });
});

describe('telling', () => {
  it('by a switch holds until it is set anew, and a request’s own header goes first', async () => {
    sandbox.setFault({ status: 529 });
    expect((await take('')).status).toBe(529);
    expect((await take('status=429')).status).toBe(429);
    sandbox.setFaults({});
    expect((await take('')).status).toBe(200);
  });

  it('by chance falls on the same messages for the same seed', async () => {
    const faults = [
      { chance: 0.2, fault: { status: 529 } },
      { chance: 0.1, fault: { status: 429 } },
    ];
    sandbox.setFaults({ sometimes: { seed: 7, faults } });
    const statuses: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      await client.models.list();
      statuses.push((await take('', false)).status);
    }

    const plan: FaultPlan = { sometimes: { seed: 7, faults } };
    expect(statuses).toEqual(Array.from({ length: 30 }, (_, index) => drawFault(plan, index).status ?? 200));
    expect(statuses).toContain(529);
    const drawn = Array.from({ length: 10_000 }, (_, index) => drawFault(plan, index).status);
    expect(drawn.filter((status) => status === 529).length / 10_000).toBeCloseTo(0.2, 1);
    expect(drawn.filter((status) => status === 429).length / 10_000).toBeCloseTo(0.1, 1);
  });

  it.each(['statuss=429', 'status=many', 'encoding=rot13', 'crlf=yes', 'toString'])(
    'of something that is no fault ("%s") is refused, not ignored',
    async (fault) => {
      expect(parseFault(fault)).toBeNull();
      expect((await take(fault)).status).toBe(400);
    },
  );
});
