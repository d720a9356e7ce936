/**
 * How Stripe is read, whatever for: page by page with leave of the read budget, to the end, with an outcome that says why there is no answer.
 * Never half a list. Source: facts/stripe.md sections 3 and 5.
 */
import { Stripe } from 'stripe';

import { refusedKeyInWords } from '../../shared/stripe-permissions.ts';
import type { ReadKind } from '../ledger/stripe-reads.ts';
import type { StripeAnswer } from './decide.ts';
import { answerOf } from './stripe.ts';

export type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  /** The month's reads are used up for this purpose. */
  | { readonly kind: 'no_budget' }
  | { readonly kind: 'failed'; readonly sentence: string; readonly refuses: Refuses };

/**
 * Stripe answered and will refuse the same again: this `question`, or any like it with this `key`, which may not read it. `bounds`: its answer is longer than any
 * of ours is. `nothing`: it may answer later, also with another key in place of one that is revoked.
 */
export type Refuses = 'question' | 'bounds' | 'key' | 'nothing';

export type Allow = (kind: ReadKind) => Promise<boolean>;

export const pageSize = 100;
/** 10,000 objects: no answer to a question of ours is as long; bounds what an endless list can use up. */
export const pagesMax = 100;

export type After = { readonly starting_after?: string };
export type Page<T> = { readonly data: readonly T[]; readonly has_more: boolean };

export async function everyPage<T extends { readonly id: string }>(
  kind: ReadKind,
  allow: Allow,
  read: (after: After) => Promise<Page<T>>,
): Promise<T[]> {
  const rows: T[] = [];
  for (let pages = 0; pages < pagesMax; pages++) {
    await leave(allow, kind);
    const last = rows.at(-1)?.id;
    const { data, has_more: hasMore } = await read(last === undefined ? {} : { starting_after: last });
    rows.push(...data);
    if (!hasMore || data.length === 0) return rows;
  }
  throw new NotRead(`Stripe lists more than ${pagesMax * pageSize} rows.`);
}

/** Why a question has no answer; stays among the readers. */
export class NotRead extends Error {}
class NoBudget extends Error {}

export async function leave(allow: Allow, kind: ReadKind): Promise<void> {
  if (!(await allow(kind))) throw new NoBudget();
}

function refusedBy(error: unknown, answer: StripeAnswer): Refuses {
  if (answer.kind === 'refused') return 'question';
  return error instanceof Stripe.errors.StripePermissionError ? 'key' : 'nothing';
}

export async function outcome<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { kind: 'read', value: await read() };
  } catch (error) {
    if (error instanceof NoBudget) return { kind: 'no_budget' };
    if (error instanceof NotRead) return { kind: 'failed', sentence: error.message, refuses: 'bounds' };
    const answer = answerOf(error);
    const reason = 'reason' in answer ? answer.reason : answer.kind;
    return {
      kind: 'failed',
      refuses: refusedBy(error, answer),
      sentence:
        answer.kind === 'not_authorized'
          ? `Stripe could not be read. ${refusedKeyInWords(reason)}`
          : `Stripe could not be read: ${reason}`,
    };
  }
}
