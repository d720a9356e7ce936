/** The ledger's time zone for everything below: every instant on the screen is shown in it, not in the browser's own. */
import { createContext, use } from 'react';

export const ZoneContext = createContext('UTC');

export function useZone(): string {
  return use(ZoneContext);
}
