/**
 * Which meters of the account have a name: one that is active, and older ones that were archived before it was made. What each of them counts belongs to it.
 * Promises: the list is at most an hour old. Nothing that was sent within the last six hours is said to be missing (ledger/weigh-minute.ts,
 * confirmations.ts), so a meter made since the list was read has counted nothing that is judged by it.
 */
import type { Stripe } from 'stripe';

import { everyPage, NotRead, pageSize, type Allow } from './stripe-reading.ts';

const listedForMs = 3_600_000;
/** For a name that it lacks: a person may be about to make the meter, and others wait for the same name. */
const lackingForMs = 60_000;

export type MeterIds = (eventName: string) => Promise<readonly string[]>;

export function createMeterIds(client: Stripe, allow: Allow, nowMs: () => number): MeterIds {
  let listedAtMs = -Infinity;
  let idsOfName: ReadonlyMap<string, readonly string[]> = new Map();

  async function list(): Promise<void> {
    const meters = await everyPage('meters', allow, (after) =>
      client.billing.meters.list({ limit: pageSize, ...after }),
    );
    idsOfName = new Map(
      [...Map.groupBy(meters, (meter) => meter.event_name)].map(([name, of]) => [name, of.map(({ id }) => id)]),
    );
    listedAtMs = nowMs();
  }

  return async (eventName) => {
    const isOld = Math.abs(nowMs() - listedAtMs) >= (idsOfName.has(eventName) ? listedForMs : lackingForMs);
    if (isOld) await list();
    const ids = idsOfName.get(eventName);
    if (ids === undefined) throw new NotRead(`The Stripe account has no meter called ${eventName}.`);
    return ids;
  };
}
