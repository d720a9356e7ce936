/**
 * Message batches: what was submitted, and what of it has been metered. A batch costs nothing until its results are fetched, which is the only place
 * where Anthropic tells its usage (facts/anthropic.md section 3).
 */
import type { PendingBatch } from '../../shared/contract/api.ts';
import type { Attribution } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';

/** What an answer of the batch API told. Every answer tells all of it but who asked, which only the submission knows. */
export type BatchNews = {
  readonly id: string;
  readonly status: string;
  readonly requests: number;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  /** Null unless this was the submission. */
  readonly submitter:
    | (Pick<Attribution, 'member' | 'project' | 'customer'> & { readonly client: string | null })
    | null;
};

export function noteBatch(db: Db, { id, status, requests, createdAtMs, endedAtMs, submitter }: BatchNews): void {
  db.prepare(
    `INSERT INTO batches (id, submitted_at_ms, requests, status, ended_at_ms, metered_calls, client, member, project, customer)
     VALUES (@id, @createdAtMs, @requests, @status, @endedAtMs, 0, @client, @member, @project, @customer)
     ON CONFLICT (id) DO UPDATE SET
       status = excluded.status, requests = MAX(requests, excluded.requests), ended_at_ms = COALESCE(excluded.ended_at_ms, ended_at_ms),
       client = COALESCE(client, excluded.client), member = COALESCE(member, excluded.member),
       project = COALESCE(project, excluded.project), customer = COALESCE(customer, excluded.customer)`,
  ).run({ id, status, requests, createdAtMs, endedAtMs, ...(submitter ?? nobody) });
}

const nobody = { client: null, member: null, project: null, customer: null };

export type KnownBatch = Pick<Attribution, 'member' | 'project' | 'customer'> & {
  readonly submittedAtMs: number;
  readonly client: string | null;
};

export function readBatch(db: Db, id: string): KnownBatch | null {
  const row = db
    .prepare<[string], KnownBatch>(
      'SELECT submitted_at_ms AS submittedAtMs, client, member, project, customer FROM batches WHERE id = ?',
    )
    .get(id);
  return row ?? null;
}

export type MeteredBatch = { readonly id: string; readonly atMs: number };

/** Its results were read to their end. */
export function noteMetered(db: Db, { id, atMs }: MeteredBatch): void {
  db.prepare(
    `UPDATE batches SET metered_at_ms = ?, status = 'ended',
            metered_calls = (SELECT COUNT(*) FROM call_keys WHERE key >= ? AND key < ?) WHERE id = ?`,
  ).run(atMs, `${id}/`, `${id}0`, id);
}

/** Submitted and not metered yet, the oldest first. Results are kept for 29 days; after that nobody can meter them. */
export function readPendingBatches(db: Db, { nowMs }: { readonly nowMs: number }): PendingBatch[] {
  return db
    .prepare<[number], PendingBatch>(
      `SELECT id, submitted_at_ms AS submittedAtMs, requests, status, ended_at_ms AS endedAtMs, member, project
         FROM batches WHERE metered_at_ms IS NULL AND submitted_at_ms > ? ORDER BY submitted_at_ms LIMIT 200`,
    )
    .all(nowMs - 29 * 86_400_000);
}
