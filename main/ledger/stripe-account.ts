/**
 * The one Stripe account and mode (test or live) that this ledger is billed to. It is bound at its first contact; events of two accounts in one ledger could
 * not be told apart afterwards, so a key of another one is refused before anything is sent. Giving the account up is possible only while nothing was sent.
 */
import type { StripeAccountBinding } from '../../shared/stripe-binding.ts';
import type { Db } from '../system/db.ts';

export function readBinding(db: Db): StripeAccountBinding | null {
  const row = db
    .prepare<[], Omit<StripeAccountBinding, 'isLive'> & { readonly isLive: number }>(
      'SELECT account_id AS accountId, is_live AS isLive, bound_at_ms AS boundAtMs FROM stripe_account',
    )
    .get();
  return row ? { ...row, isLive: row.isLive === 1 } : null;
}

export type Contact = { readonly accountId: string; readonly isLive: boolean; readonly nowMs: number };

/** Binds where nothing is bound; returns what is bound then, which may be another account than the one that is asked about. */
export function bindAccount(db: Db, { accountId, isLive, nowMs }: Contact): StripeAccountBinding {
  return db.transaction(() => {
    const bound = readBinding(db);
    if (bound !== null) return bound;
    db.prepare('INSERT INTO stripe_account VALUES (1, ?, ?, ?)').run(accountId, Number(isLive), nowMs);
    return { accountId, isLive, boundAtMs: nowMs };
  })();
}

export type GivenUp =
  | { readonly kind: 'given_up' }
  | { readonly kind: 'nothing_bound' }
  /** Stripe was told of these, or may have been. */
  | { readonly kind: 'was_sent'; readonly events: number };

/** The next contact binds anew. Events that wait go to that account, so none may have been sent to this one. */
export function giveUpAccount(db: Db): GivenUp {
  return db.transaction((): GivenUp => {
    if (readBinding(db) === null) return { kind: 'nothing_bound' };
    const events = sentEvents(db);
    if (events > 0) return { kind: 'was_sent', events };
    db.prepare('DELETE FROM stripe_account').run();
    return { kind: 'given_up' };
  })();
}

/** An identifier that was replaced, and an invoice item that was marked, tell of something sent as well. */
function sentEvents(db: Db): number {
  const count = db
    .prepare<[], number>(
      `SELECT (SELECT COUNT(*) FROM meter_events
                WHERE state IN ('sending', 'unknown', 'accepted', 'confirmed', 'carried_forward') OR first_sent_at_ms IS NOT NULL)
            + (SELECT COUNT(*) FROM spent_identifiers)`,
    )
    .pluck()
    .get();
  return count ?? 0;
}
