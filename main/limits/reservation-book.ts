/**
 * What has been spent of each budget and what is spoken for by calls and batches on their way. A state machine over plain numbers; nano-USD throughout.
 *
 * An account is one budget in one period. A call reserves its expected cost in all accounts it falls under, or in none. It is let through where every
 * account has room: spent + reserved + expected ≤ limit. An account of which nothing is spent and nothing reserved has room for one call whatever it
 * is expected to cost: an estimate alone refuses nobody (the call ceiling is there for the large ones). A reservation ends exactly once, with its
 * call: `settle` puts the actual cost in its place, `release` nothing. When calls cost more than was expected, the account is over its limit by that
 * difference and has no room from then on.
 *
 * Held by test/property/reservations.test.ts: what is reserved is the sum of the calls on their way, never negative, and zero when all have ended;
 * what is spent is the sum of what was settled, corrected and loaded.
 */

export type Account = { readonly key: string; readonly limitNanoUsd: number };

export type AccountSums = { readonly spentNanoUsd: number; readonly reservedNanoUsd: number };

export type ReserveOutcome =
  | { readonly kind: 'reserved' }
  /** `isHeld`: there would be room if the calls on their way were not counted. */
  | { readonly kind: 'full'; readonly account: Account; readonly sums: AccountSums; readonly isHeld: boolean };

export type ReservationBook = {
  /** All accounts or none. `force` reserves without asking for room (a conversation that was let on). A call reserves once. */
  readonly reserve: (
    callId: string,
    accounts: readonly Account[],
    expectedNanoUsd: number,
    force?: boolean,
  ) => ReserveOutcome;
  /** Ends the reservation, if there is one. Harmless when repeated. */
  readonly release: (callId: string) => void;
  /** The reservation stands in these accounts from now on; nothing where there is none. */
  readonly move: (callId: string, keys: readonly string[]) => void;
  /** Adds to what is spent; negative where a correction made a call cheaper. */
  readonly spend: (keys: readonly string[], nanoUsd: number) => void;
  readonly sums: (key: string) => AccountSums;
  /** Of every account that holds anything. */
  readonly keys: () => ReadonlySet<string>;
  /** Forgets what was spent in accounts that `isPast` says are over; what is reserved in them stays until its call ends. */
  readonly forget: (isPast: (key: string) => boolean) => void;
  readonly size: () => { readonly accounts: number; readonly reservations: number };
};

type Reservation = { readonly keys: readonly string[]; readonly nanoUsd: number };

/** Accounts whose spending is remembered; the least recently used go. A team has hundreds, and a client that makes up names must not fill the memory. */
const defaultAccountsMax = 100_000;

export function createReservationBook(accountsMax = defaultAccountsMax): ReservationBook {
  const spent = new Map<string, number>();
  const reserved = new Map<string, number>();
  const reservations = new Map<string, Reservation>();

  const sums = (key: string): AccountSums => ({
    spentNanoUsd: spent.get(key) ?? 0,
    reservedNanoUsd: reserved.get(key) ?? 0,
  });

  const keys = () => new Set([...spent.keys(), ...reserved.keys()]);

  function addReserved(keys: readonly string[], nanoUsd: number): void {
    for (const key of keys) {
      const next = (reserved.get(key) ?? 0) + nanoUsd;
      if (next < 0) throw new RangeError('more was released than reserved');
      // An account that nothing is reserved in is dropped, so that the map holds no more than what is on its way.
      if (next === 0) reserved.delete(key);
      else reserved.set(key, next);
    }
  }

  function release(callId: string): void {
    const reservation = reservations.get(callId);
    if (!reservation) return;
    reservations.delete(callId);
    addReserved(reservation.keys, -reservation.nanoUsd);
  }

  return {
    sums,
    release,
    reserve: (callId, accounts, expectedNanoUsd, force = false) => {
      if (!Number.isSafeInteger(expectedNanoUsd) || expectedNanoUsd < 0)
        throw new RangeError('an expected cost is a non-negative integer of nano-USD');
      release(callId);
      const full = force
        ? undefined
        : accounts.find((account) => !hasRoom(account, sums(account.key), expectedNanoUsd));
      if (full) {
        const now = sums(full.key);
        const isHeld = hasRoom(full, { ...now, reservedNanoUsd: 0 }, expectedNanoUsd);
        return { kind: 'full', account: full, sums: now, isHeld };
      }
      const keys = accounts.map(({ key }) => key);
      reservations.set(callId, { keys, nanoUsd: expectedNanoUsd });
      addReserved(keys, expectedNanoUsd);
      return { kind: 'reserved' };
    },
    move: (callId, next) => {
      const reservation = reservations.get(callId);
      if (!reservation) return;
      addReserved(reservation.keys, -reservation.nanoUsd);
      reservations.set(callId, { keys: next, nanoUsd: reservation.nanoUsd });
      addReserved(next, reservation.nanoUsd);
    },
    spend: (keys, nanoUsd) => {
      for (const key of keys) {
        const sum = (spent.get(key) ?? 0) + nanoUsd;
        // Deleting first moves it to the end, so that the map's order is the order of use; far from the bound that is eight moves a call for nothing.
        if (spent.size > accountsMax / 2) spent.delete(key);
        spent.set(key, sum);
        const oldest = spent.keys().next();
        if (spent.size > accountsMax && !oldest.done) spent.delete(oldest.value);
      }
    },
    forget: (isPast) => {
      for (const key of spent.keys()) if (isPast(key)) spent.delete(key);
    },
    keys,
    size: () => ({
      accounts: keys().size,
      reservations: reservations.size,
    }),
  };
}

function hasRoom(
  { limitNanoUsd }: Account,
  { spentNanoUsd, reservedNanoUsd }: AccountSums,
  expectedNanoUsd: number,
): boolean {
  const taken = spentNanoUsd + reservedNanoUsd;
  if (taken <= 0) return true;
  return spentNanoUsd < limitNanoUsd && taken + expectedNanoUsd <= limitNanoUsd;
}
