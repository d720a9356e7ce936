/**
 * The simulated Stripe behind a gate, so that a test holds a request at the moment it wants: before the account has it, or after the account has
 * handled it and before its answer leaves. What is held goes on when it is let, or its connection breaks.
 */
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { createStripeAccount, type StripeAccount, type StripeOutcome } from '../../main/sandbox/stripe-account.ts';
import type { Clock } from '../../main/system/clock.ts';

export type Held = {
  /** Goes on; resolves when the answer has left. */
  readonly let: () => Promise<void>;
  readonly breakOff: () => void;
};

export type StripeGate = {
  readonly url: string;
  readonly account: StripeAccount;
  /** The next request that matches ("POST /v1/…") is held at this moment; resolves when it is. */
  readonly hold: (moment: 'before' | 'after', request: RegExp) => Promise<Held>;
  /** "POST /v1/… status" of all that was answered. */
  readonly answered: () => readonly string[];
  readonly close: () => Promise<void>;
};

type Wish = { readonly moment: 'before' | 'after'; readonly request: RegExp; readonly held: (held: Held) => void };

export async function startStripeGate(clock: Clock): Promise<StripeGate> {
  const account = createStripeAccount(clock, { requestsPerSecond: 1_000 });
  const answered: string[] = [];
  let wish: Wish | null = null;

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = 'GET', url = '/', headers } = incoming;
      const request = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      const answer = () =>
        send(response, account.handle(request), (status) => answered.push(`${method} ${url} ${status}`));
      const isWished = wish !== null && wish.request.test(`${method} ${url}`);
      if (wish === null || !isWished) return void answer();
      const { moment, held } = wish;
      wish = null;
      const breakOff = () => void response.destroy();
      if (moment === 'before') return held({ let: answer, breakOff });
      const outcome = account.handle(request);
      held({ let: () => send(response, outcome, (status) => answered.push(`${method} ${url} ${status}`)), breakOff });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    account,
    hold: (moment, request) =>
      new Promise((held) => {
        wish = { moment, request, held };
      }),
    answered: () => answered,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function send(response: ServerResponse, outcome: StripeOutcome, tell: (status: number) => void): Promise<void> {
  if (outcome.kind === 'drop') return void response.destroy();
  const { status, body, headers = {} } = outcome.reply;
  const finished = once(response, 'finish');
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  await Promise.race([finished, once(response, 'close')]);
  tell(status);
}
