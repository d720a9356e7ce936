/** The way to the simulated Stripe over real sockets, for a world that otherwise asks it in its own process. */
import type { StripeAccount } from '../../main/sandbox/stripe-account.ts';
import { startSandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { systemClock, type Clock } from '../../main/system/clock.ts';
import type { WorldFetch } from './outbox-world.ts';

export type WorldSockets = {
  readonly fetch: (account: StripeAccount, clock: Clock) => WorldFetch;
  readonly close: () => Promise<void>;
};

export function createWorldSockets(): WorldSockets {
  let server: ReturnType<typeof startSandboxStripe> | null = null;
  return {
    fetch: (account, clock) => {
      // The account's hours are driven; a socket's milliseconds are real.
      const running = startSandboxStripe({ clock: { ...clock, after: systemClock.after }, account });
      server = running;
      return async ({ pathname, search }, { method, headers, body }) => {
        const { url } = await running;
        const answer = await fetch(`${url}${pathname}${search}`, { method, headers, body } as RequestInit);
        // Read whole here, so that an answer that breaks off in mid-body is an answer that never came.
        return new Response(await answer.arrayBuffer(), { status: answer.status, headers: answer.headers });
      };
    },
    close: async () => (await server)?.close(),
  };
}
