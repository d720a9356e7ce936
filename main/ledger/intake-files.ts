/** How far each transcript has been read, so that the next run reads only what is new. Written with nothing else: reading twice is harmless. */
import type { Db } from '../system/db.ts';

export type IntakeFile = {
  readonly path: string;
  /** Up to the end of the last whole line. */
  readonly readBytes: number;
  readonly modifiedMs: number;
  /** What the file begins with, hashed: tells a file that grew from another one under its name. */
  readonly head: string;
};

export function readIntakeFiles(db: Db): IntakeFile[] {
  return db
    .prepare<[], IntakeFile>('SELECT path, read_bytes AS readBytes, modified_ms AS modifiedMs, head FROM intake_files')
    .all();
}

export function noteIntakeFiles(db: Db, files: readonly IntakeFile[]): void {
  const note = db.prepare<[string, number, number, string]>(
    `INSERT INTO intake_files (path, read_bytes, modified_ms, head) VALUES (?, ?, ?, ?)
     ON CONFLICT (path) DO UPDATE SET read_bytes = excluded.read_bytes, modified_ms = excluded.modified_ms, head = excluded.head`,
  );
  db.transaction(() => {
    for (const { path, readBytes, modifiedMs, head } of files) note.run(path, readBytes, modifiedMs, head);
  })();
}
