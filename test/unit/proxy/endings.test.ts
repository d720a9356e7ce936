/** How a call can end, as the proxy tells it: whole, cut by the client, cut by the upstream, never answered, refused by it. */
import { once } from 'node:events';

import { afterEach, describe, expect, it } from 'vitest';

import { unwatched, startMeteredProxy, type MeteredProxy } from '../../kit/metered-proxy.ts';
import { bytesOf, openRaw, raw } from '../../kit/raw-http.ts';
import { messageStart, sse, textDelta } from '../../kit/sse-text.ts';
import { startUpstream, type Answer, type Upstream } from '../../kit/upstream.ts';

let upstream: Upstream | null = null;
let proxy: MeteredProxy;

async function start(answer: Answer): Promise<void> {
  upstream = await startUpstream(answer);
  proxy = await startMeteredProxy(upstream.url);
}

afterEach(async () => {
  await proxy.close();
  await upstream?.close();
  upstream = null;
});

const beginning =
  messageStart({ input_tokens: 40, cache_read_input_tokens: 7, output_tokens: 2 }) + textDelta('x'.repeat(340));
const post = { method: 'POST', body: '{"model":"claude-sonnet-5-5","stream":true}' };

describe('a call', () => {
  it('that the client leaves in mid-stream is cut upstream too and keeps what was known', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' });
      response.write(beginning);
    });

    const incoming = await openRaw(`${proxy.url}/v1/messages`, post);
    await once(incoming, 'data');
    incoming.destroy();

    await upstream?.abandoned();
    const { end } = await proxy.nthFinished(1);
    expect(end).toMatchObject({
      isWhole: false,
      errorType: 'client_left',
      httpStatus: 200,
      requestId: 'req_1',
      model: 'claude-sonnet-5-5',
    });
    expect(end.usage).toMatchObject({ inputTokens: 40, cacheReadTokens: 7, outputTokens: 2 });
    expect(end.outputTokensSoFar).toBe(Math.ceil(8 + 340 / 3.2));
  });

  it('that the client leaves before any answer is cut upstream too', async () => {
    const { promise: arrived, resolve: onArrived } = Promise.withResolvers<void>();
    await start(() => onArrived());

    const controller = new AbortController();
    const asked = fetch(`${proxy.url}/v1/messages`, { ...post, signal: controller.signal }).catch(
      (error: Error) => error.name,
    );
    await arrived;
    controller.abort();

    expect(await asked).toBe('AbortError');
    await upstream?.abandoned();
    const { end } = await proxy.nthFinished(1);
    expect(end).toMatchObject({ isWhole: false, httpStatus: null, usage: null, errorType: 'client_left' });
  });

  it('that the upstream cuts in mid-stream is cut for the client as well', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(beginning, () => response.destroy());
    });

    const incoming = await openRaw(`${proxy.url}/v1/messages`, post);

    await expect(bytesOf(incoming)).rejects.toThrow(/aborted/);
    expect((await proxy.nthFinished(1)).end).toMatchObject({
      isWhole: false,
      errorType: 'upstream_cut',
      usage: { inputTokens: 40 },
    });
  });

  it('that ends with an error event after 200 says so', async () => {
    const error = sse('error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    await start((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(beginning + error),
    );

    const answer = await raw(`${proxy.url}/v1/messages`, post);

    expect(answer.body.toString()).toBe(beginning + error);
    expect((await proxy.nthFinished(1)).end).toMatchObject({ isWhole: false, errorType: 'overloaded_error' });
  });

  it('that cannot reach the upstream is answered 502 in Anthropic’s shape', async () => {
    const gone = await startUpstream(() => {});
    await gone.close();
    proxy = await startMeteredProxy(gone.url);

    const answer = await raw(`${proxy.url}/v1/messages`, post);

    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body.toString())).toEqual({
      type: 'error',
      error: { type: 'api_error', message: expect.stringContaining('ECONNREFUSED') as string },
    });
    expect((await proxy.nthFinished(1)).end).toMatchObject({ httpStatus: null, errorType: 'unreachable' });
  });

  it('that the upstream takes and never answers is told apart from one that never reached it', async () => {
    await start((_request, response) => void response.destroy());

    const answer = await raw(`${proxy.url}/v1/messages`, post);

    expect(answer.status).toBe(502);
    expect((await proxy.nthFinished(1)).end).toMatchObject({ httpStatus: null, errorType: 'no_answer' });
  });

  it('is begun before it leaves the machine', async () => {
    const order: string[] = [];
    const { promise: durable, resolve: commit } = Promise.withResolvers<void>();
    upstream = await startUpstream((_request, response) => {
      order.push('arrived');
      response.end('{}');
    });
    proxy = await startMeteredProxy(upstream.url, {
      callbacks: {
        onBegin: async () => {
          order.push('asked');
          await durable;
          order.push('durable');
        },
        onFinish: async () => {},
        ...unwatched,
      },
    });

    const asked = raw(`${proxy.url}/v1/messages`, post);
    setImmediate(() => setImmediate(commit));
    await asked;

    expect(order).toEqual(['asked', 'durable', 'arrived']);
  });

  it('pauses the upstream while the client does not read', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    const { promise: stalled, resolve: onStalled } = Promise.withResolvers<void>();
    await start((_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (written < 256 * 1024 * 1024) {
          written += chunk.length;
          if (!response.write(chunk)) {
            // Stalled: nothing drains for a while. The socket buffers of three hops are all that may have been taken.
            const timer = setTimeout(onStalled, 300);
            response.once('drain', () => (clearTimeout(timer), more()));
            return;
          }
        }
        onStalled();
      };
      more();
    });

    const incoming = await openRaw(`${proxy.url}/v1/files/big`);
    incoming.pause();
    await stalled;

    expect(written).toBeLessThan(32 * 1024 * 1024);
    incoming.destroy();
  });
});
