/** A fault of whoever listens to an answer: it ends that answer at the most, and never the process that carries all the others. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, it } from 'vitest';
import { Pool } from 'undici';

import { createBatchTap } from '../../../main/proxy/batch-tap.ts';
import { forward, type ForwardEnd } from '../../../main/proxy/forward.ts';

const open: Server[] = [];
afterEach(() => open.splice(0).forEach((server) => server.close()));

async function listen(server: Server): Promise<string> {
  open.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('that reads a chunk cuts the answer, is told as its end, and the next request is served', async () => {
  let isFaulty = true;
  const upstream = new Pool(
    await listen(
      createServer((_, response) => {
        response.write('an ');
        // A chunk whose end comes in another read is read when nobody of the connection stands above it any more.
        if (!isFaulty) response.end('answer');
      }),
    ),
  );
  const ends: ForwardEnd[] = [];
  const url = await listen(
    createServer((incoming, response) => {
      const request = { method: 'GET', target: '/', headers: [], body: null };
      forward(upstream, request, incoming, response, {
        onResponse: () => {},
        onChunk: () => {
          if (isFaulty) throw new Error('the reader failed');
          return undefined;
        },
        onEnd: (end) => {
          ends.push(end);
          return undefined;
        },
      });
    }),
  );
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
  expect(ends).toMatchObject([{ kind: 'upstream_cut', reason: 'the reader failed' }]);
  isFaulty = false;
  expect(await (await fetch(url)).text()).toBe('an answer');
  await upstream.close();
});

it('of a batch’s results leaves the answer alone, and the batch to be metered again', async () => {
  let isToldMetered = false;
  const tap = createBatchTap('results', {
    onResults: () => {
      throw new Error('the ledger is away');
    },
    onResultsEnd: () => {
      isToldMetered = true;
    },
  });
  const line = { custom_id: 'a', result: { type: 'errored', error: { type: 'error' } } };
  tap.start(200, null);
  for (let count = 0; count < 200; count++) tap.write(Buffer.from(`${JSON.stringify(line)}\n`));
  await tap.end({ kind: 'whole' });
  expect(isToldMetered).toBe(false);
});
