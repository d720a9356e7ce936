/**
 * The member keys of a home folder: `member-keys.json`, readable by its owner only, written whole. Holds hashes, never a key; a key is given out once, by
 * whoever made it. One process writes it at a time: the engine, or a command that holds the home folder where none runs.
 * A file that cannot be read is an error, never quietly no keys.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LowSync, type SyncAdapter } from 'lowdb';
import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import type { CreateKey, MadeKey, MemberKeyRow } from '../../shared/contract/keys.ts';
import type { Clock } from '../system/clock.ts';
import { renameDurably } from '../system/durable-file.ts';
import type { Ids } from '../system/ids.ts';
import { errorText } from '../system/error-text.ts';
import {
  createKey,
  findKey,
  keyBookSchema,
  noKeys,
  renameKey,
  revokeKey,
  rotateKey,
  rowsOf,
  type KeyAnswer,
  type KeyBook,
} from './key-book.ts';

export const memberKeysFileName = 'member-keys.json';

/** @throws AppError (each that changes something): `not_found`, `bad_usage`, or `engine_failed` when the file cannot be written; nothing is changed then. */
export type MemberKeys = {
  readonly list: () => MemberKeyRow[];
  readonly find: (key: string) => KeyAnswer;
  readonly create: (question: CreateKey) => MadeKey;
  readonly rename: (id: string, name: string) => MemberKeyRow;
  readonly rotate: (id: string, isNow: boolean) => MadeKey;
  readonly revoke: (id: string) => MemberKeyRow;
};

type Surroundings = { readonly clock: Clock; readonly ids: Pick<Ids, 'secret'> };

/** @throws AppError `bad_settings` that names the file. */
export function openMemberKeys(home: string, { clock, ids }: Surroundings): MemberKeys {
  const db = new LowSync<KeyBook>(privateFile(join(home, memberKeysFileName)), noKeys);
  db.read();

  function save(next: KeyBook): void {
    const before = db.data;
    db.data = next;
    try {
      db.write();
    } catch (error) {
      db.data = before;
      throw new AppError(
        'engine_failed',
        `The member keys cannot be written (${errorText(error)}); they are as they were.`,
        'Make the home folder writable for this user, and try again.',
        error,
      );
    }
  }

  function row(id: string): MemberKeyRow {
    const found = list().find((key) => key.id === id);
    if (!found) throw new Error('unreachable: it was changed just now');
    return found;
  }

  const list = () => rowsOf(db.data, clock.nowMs());
  const makeSecret = () => `tk_${ids.secret()}`;
  return {
    list,
    find: (key) => findKey(db.data, key, clock.nowMs()),
    create: (question) => {
      const secret = makeSecret();
      const id = `key_${db.data.nextNumber}`;
      save(createKey(db.data, question, secret, clock.nowMs()));
      return { key: row(id), secret };
    },
    rename: (id, name) => {
      save(renameKey(db.data, id, name));
      return row(id);
    },
    rotate: (id, isNow) => {
      const secret = makeSecret();
      save(rotateKey(db.data, id, { secret, isNow, nowMs: clock.nowMs() }));
      return { key: row(id), secret };
    },
    revoke: (id) => {
      save(revokeKey(db.data, id, clock.nowMs()));
      return row(id);
    },
  };
}

/** Whole and on the disk, or as it was: a key that was revoked must not come back with the power. */
function privateFile(file: string): SyncAdapter<KeyBook> {
  return {
    read: () => {
      const text = textOf(file);
      return text === null ? null : parse(text, file);
    },
    write: (book) => {
      writeFileSync(`${file}.new`, `${JSON.stringify(book, null, 1)}\n`, { mode: 0o600 });
      renameDurably(`${file}.new`, file);
    },
  };
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(file, errorText(error));
  }
}

function parse(text: string, file: string): KeyBook {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(file, 'it is no JSON');
  }
  const parsed = keyBookSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unusable(file, z.prettifyError(parsed.error));
}

function unusable(file: string, why: string): AppError {
  return new AppError(
    'bad_settings',
    `The member keys in ${file} cannot be read: ${why}.`,
    'Bring the file back from a backup, or remove it and give every member a new key.',
  );
}
