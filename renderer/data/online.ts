/** The browser says that the network is back: the engine is told, so that what waits for Stripe goes at once. */
import { api } from './api.ts';

/** Called once at the start of the page. */
export function tellWhenOnline(): void {
  window.addEventListener('online', () => {
    // An engine that does not answer finds out by itself.
    api.online().catch(() => {});
  });
}
