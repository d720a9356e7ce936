/**
 * Member keys as plain data: made, named, rotated, revoked, recognised. Pure: the time and the randomness are parameters. Knows a key by its SHA-256
 * alone; 256 random bits need no salt and no slow hash, since nobody can try them all.
 *
 * A key's secrets, the newest last: the last one works; one that a rotation replaced works until its time is over; of a revoked key none does. What no
 * longer works is kept a while, so that its holder is told what became of it and not that it never was.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import { rotationGraceMs, type CreateKey, type MemberKeyRow } from '../../shared/contract/keys.ts';

const secretSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Null: until the key is rotated or revoked. */
  worksUntilMs: z.int().nullable(),
});

const keySchema = z.strictObject({
  id: z.string().regex(/^key_\d+$/),
  name: z.string(),
  member: z.string().min(1),
  project: z.string().min(1).nullable(),
  ending: z.string(),
  createdAtMs: z.int(),
  rotatedAtMs: z.int().nullable(),
  revokedAtMs: z.int().nullable(),
  secrets: z.array(secretSchema).min(1),
});
type StoredKey = z.infer<typeof keySchema>;

export const keyBookSchema = z.strictObject({ nextNumber: z.int().min(1), keys: z.array(keySchema) });
export type KeyBook = z.infer<typeof keyBookSchema>;

export const noKeys: KeyBook = { nextNumber: 1, keys: [] };

export type KeyAnswer =
  | { readonly kind: 'valid'; readonly member: string; readonly project: string | null }
  | { readonly kind: 'revoked' }
  /** By a newer one; its time is over. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'unknown' };

/** More than any small team needs; every call with a key looks at all of them. */
const keysMax = 500;
const secretsKept = 5;
const endingLength = 4;

export function createKey(book: KeyBook, { member, project, name }: CreateKey, secret: string, nowMs: number): KeyBook {
  const key: StoredKey = {
    id: `key_${book.nextNumber}`,
    name,
    member,
    project,
    ending: secret.slice(-endingLength),
    createdAtMs: nowMs,
    rotatedAtMs: null,
    revokedAtMs: null,
    secrets: [{ sha256: digest(secret).toString('hex'), worksUntilMs: null }],
  };
  return { nextNumber: book.nextNumber + 1, keys: [...withRoom(book.keys), key] };
}

/** The longest revoked one makes room. @throws AppError `bad_usage` when all of them work. */
function withRoom(keys: readonly StoredKey[]): readonly StoredKey[] {
  if (keys.length < keysMax) return keys;
  const oldest = keys
    .filter(({ revokedAtMs }) => revokedAtMs !== null)
    .toSorted((a, b) => (a.revokedAtMs ?? 0) - (b.revokedAtMs ?? 0))[0];
  if (oldest) return keys.filter((key) => key !== oldest);
  throw new AppError('bad_usage', `There are ${keysMax} member keys already.`, 'Revoke those that nobody uses.');
}

export type Rotation = { readonly secret: string; readonly isNow: boolean; readonly nowMs: number };

/** @throws AppError `not_found`, or `bad_usage` for a revoked key. */
export function rotateKey(book: KeyBook, id: string, { secret, isNow, nowMs }: Rotation): KeyBook {
  return change(book, id, (key) => {
    if (key.revokedAtMs !== null)
      throw new AppError('bad_usage', `The key ${id} is revoked.`, 'Create a new one for its member.');
    const until = isNow ? nowMs : nowMs + rotationGraceMs;
    const old = key.secrets.map(({ sha256, worksUntilMs }) => ({
      sha256,
      worksUntilMs: worksUntilMs === null ? until : Math.min(worksUntilMs, until),
    }));
    const fresh = { sha256: digest(secret).toString('hex'), worksUntilMs: null };
    return {
      ...key,
      ending: secret.slice(-endingLength),
      rotatedAtMs: nowMs,
      secrets: [...old, fresh].slice(-secretsKept),
    };
  });
}

/** At once and for good; a second time changes nothing. @throws AppError `not_found`. */
export function revokeKey(book: KeyBook, id: string, nowMs: number): KeyBook {
  return change(book, id, (key) => ({ ...key, revokedAtMs: key.revokedAtMs ?? nowMs }));
}

/** @throws AppError `not_found`. */
export function renameKey(book: KeyBook, id: string, name: string): KeyBook {
  return change(book, id, (key) => ({ ...key, name }));
}

function change(book: KeyBook, id: string, make: (key: StoredKey) => StoredKey): KeyBook {
  if (!book.keys.some((key) => key.id === id))
    throw new AppError('not_found', `There is no member key ${id}.`, 'See `tollkeeper keys` for their ids.');
  return { ...book, keys: book.keys.map((key) => (key.id === id ? make(key) : key)) };
}

/** Every secret is compared, each in constant time, so that how long it takes tells nothing of how near a guess was. */
export function findKey(book: KeyBook, secret: string, nowMs: number): KeyAnswer {
  const asked = digest(secret);
  let answer: KeyAnswer = { kind: 'unknown' };
  for (const key of book.keys) {
    for (const { sha256, worksUntilMs } of key.secrets) {
      if (timingSafeEqual(Buffer.from(sha256, 'hex'), asked)) answer = answerOf(key, worksUntilMs, nowMs);
    }
  }
  return answer;
}

function answerOf({ revokedAtMs, member, project }: StoredKey, worksUntilMs: number | null, nowMs: number): KeyAnswer {
  if (revokedAtMs !== null) return { kind: 'revoked' };
  return worksUntilMs !== null && worksUntilMs <= nowMs ? { kind: 'replaced' } : { kind: 'valid', member, project };
}

/** Those that work first, the newest first. */
export function rowsOf({ keys }: KeyBook, nowMs: number): MemberKeyRow[] {
  const rows = keys.map(({ secrets, ...key }): MemberKeyRow => {
    const old = Math.max(...secrets.map(({ worksUntilMs }) => worksUntilMs ?? 0));
    return { ...key, oldWorksUntilMs: key.revokedAtMs === null && old > nowMs ? old : null };
  });
  const rank = ({ revokedAtMs }: MemberKeyRow) => Number(revokedAtMs !== null);
  return rows.toReversed().toSorted((a, b) => rank(a) - rank(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
