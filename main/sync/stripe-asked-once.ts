/**
 * An HTTP client of the Stripe SDK that asks once. The SDK asks a second time when a connection is closed (ECONNRESET, EPIPE), whatever it is told about
 * retries, and then tells the second answer alone: "nobody listens" would stand for a request that may have arrived, which was sealed anew and billed twice.
 * So a closed connection is told under a code that the SDK does not know. Reading may be asked twice, and so may what is made under a key of its own and looked
 * for before it is made again (customers, set-up). Source: facts/stripe.md section 6.
 */
import type { Stripe } from 'stripe';

type HttpClient = NonNullable<Stripe.StripeConfig['httpClient']>;

/** What bills, or takes back what bills. */
const billingPaths = /^\/v[12]\/(?:billing\/meter_event|invoiceitems)/;

export function askedOnce(client: HttpClient): HttpClient {
  return {
    getClientName: () => client.getClientName(),
    makeRequest: (host, port, path, method, ...rest) => {
      const asked = client.makeRequest(host, port, path, method, ...rest);
      return method !== 'GET' && billingPaths.test(path) ? asked.catch(toldApart) : asked;
    },
  };
}

const closedCodes = /^(?:ECONNRESET|EPIPE)$/;

function toldApart(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!closedCodes.test(code)) throw error;
  throw Object.assign(new Error('The connection was closed.', { cause: error }), {
    code: `connection closed (${code})`,
  });
}
