/**
 * `node test/bench/stripe-double.ts REQUESTS_A_SECOND HANDLING_MS METER CUSTOMERS`: the simulated Stripe with its limits enforced, in a process of its
 * own. Prints its port and the one on which it tells what it has counted.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { startSandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { systemClock } from '../../main/system/clock.ts';

export type StripeCounts = {
  /** All but those that read. */
  readonly requests: number;
  readonly limited: number;
  readonly conflicts: number;
  readonly events: number;
  readonly identifiers: number;
  readonly value: number;
  /** When the first and the last event were taken; null without any. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
};

const [requestsPerSecond = '', handlingMs = '', eventName = '', customers = ''] = process.argv.slice(2);
const stripe = await startSandboxStripe({
  clock: systemClock,
  rules: { requestsPerSecond: Number(requestsPerSecond), handlingMs: Number(handlingMs) },
});
stripe.seed({ eventName, customers: customers.split(',') });

const telling = createServer((request, response) => {
  const events = stripe.events();
  const isWhole = request.url === '/all';
  const counts: StripeCounts = {
    requests: stripe.requestCount() - stripe.readCount(),
    ...stripe.refusedCounts(),
    events: events.length,
    identifiers: isWhole ? new Set(events.map(({ identifier }) => identifier)).size : 0,
    value: isWhole ? events.reduce((sum, { value }) => sum + Number(value), 0) : 0,
    firstMs: events[0]?.receivedAtMs ?? null,
    lastMs: events.at(-1)?.receivedAtMs ?? null,
  };
  response.end(JSON.stringify(counts));
}).listen(0, '127.0.0.1');
await once(telling, 'listening');
console.log(`${stripe.port} ${(telling.address() as AddressInfo).port}`);
