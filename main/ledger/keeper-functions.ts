/**
 * What the keeper thread answers by name: long looks at the whole file, which would hold up the dashboard on the reader's thread and calls on the
 * writer's. It lives as long as one of them takes, and reads only.
 */
import type { Db } from '../system/db.ts';
import { firstFault } from './file-check.ts';
import { makeBackup } from './make-backup.ts';
import { findRecentDifferences } from './recent-check.ts';

export type KeeperFunctions = ReturnType<typeof createKeeperFunctions>;

export function createKeeperFunctions(db: Db, file: string) {
  return {
    backUp: ({ nowMs }: { readonly nowMs: number }) => makeBackup(db, file, nowMs),
    firstFault: (_none: null) => firstFault(db),
    recentDifferences: (_none: null) => findRecentDifferences(db),
  };
}
