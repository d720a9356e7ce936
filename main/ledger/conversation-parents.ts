/**
 * Which conversation another one came from: was forked from, sums up, or was started by (a subagent). One row for each that has a parent, written once, when
 * the first of its calls asks to go.
 */
import type { KeptParent } from '../../shared/contract/limits-start.ts';
import type { Db } from '../system/db.ts';

/** A name can come again after a restart, under another parent: the newest counts. */
export function keepParent(db: Db, { conversation, parent }: KeptParent): void {
  db.prepare<[string, string]>(
    `INSERT INTO conversation_parents (conversation, parent) VALUES (?, ?)
       ON CONFLICT (conversation) DO UPDATE SET parent = excluded.parent WHERE parent <> excluded.parent`,
  ).run(conversation, parent);
}

/** The newest of them, the oldest first. */
export function readParents(db: Db, limit: number): KeptParent[] {
  return db
    .prepare<[number], KeptParent>('SELECT conversation, parent FROM conversation_parents ORDER BY seq DESC LIMIT ?')
    .all(limit)
    .toReversed();
}
