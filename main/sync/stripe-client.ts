/** The Stripe SDK, set up once for sending and reading: no retry of its own, no telemetry, the host's proxy and certificates. */
import { Agent } from 'node:https';
import { getCACertificates } from 'node:tls';

import { Stripe } from 'stripe';

import { askedOnce } from './stripe-asked-once.ts';

/** Through which proxy, and which certificates (PEM) to trust besides Node's own; mostly neither. */
export type StripeConnection = { readonly proxyUrl: string | null; readonly ca: string | null };

/** For whoever is handed one: the SDK itself stays in the files that may import it. */
export type StripeClient = Stripe;

export type StripeClientOptions = StripeConnection & { readonly apiKey: string; readonly apiBase: string };

/** Longer than Stripe takes for anything; a request that is older is asked for again under the same identifier. */
const timeoutMs = 20_000;

export function createStripeClient({ apiKey, apiBase, ...connection }: StripeClientOptions): Stripe {
  const base = new URL(apiBase);
  const isHttp = base.protocol === 'http:';
  return new Stripe(apiKey, {
    host: base.hostname,
    port: base.port === '' ? (isHttp ? 80 : 443) : Number(base.port),
    protocol: isHttp ? 'http' : 'https',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    httpClient: askedOnce(Stripe.createNodeHttpClient(isHttp ? undefined : agentOf(connection))),
  });
}

function agentOf({ proxyUrl, ca }: StripeConnection): Agent {
  return new Agent({
    keepAlive: true,
    ...(proxyUrl === null ? {} : { proxyEnv: { HTTPS_PROXY: proxyUrl } }),
    ...(ca === null ? {} : { ca: [...getCACertificates('default'), ca] }),
  });
}
