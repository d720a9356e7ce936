/**
 * Message batches: what was submitted, and what of it has been metered. A batch costs nothing until its results are fetched, which is the only place
 * where Anthropic tells its usage (facts/anthropic.md section 3).
 */
import type { ReservedBatch } from '../../shared/contract/limits-start.ts';
import { batchReservedMaxMs } from '../../shared/batch.ts';
import type { PendingBatch } from '../../shared/contract/api.ts';
import type { Attribution } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';

/** What an answer of the batch API told. Every answer tells all of it but who asked and what it is expected to cost, which only the submission knows. */
export type BatchNews = {
  readonly id: string;
  readonly status: string;
  readonly requests: number;
  readonly billableRequests: number;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  /** Null unless this was the submission. */
  readonly submitter: BatchSubmitter | null;
};

export type BatchSubmitter = Pick<Attribution, 'member' | 'project' | 'customer'> & {
  readonly client: string | null;
  /** Null where the limits know nothing of it. */
  readonly expectedNanoUsd: number | null;
};

/** True when something of it is new that bears on what is reserved for it. */
export function noteBatch(db: Db, { submitter, ...news }: BatchNews): boolean {
  const read = db.prepare<[string], { readonly status: string; readonly billable: number | null }>(
    'SELECT status, billable_requests AS billable FROM batches WHERE id = ?',
  );
  const before = read.get(news.id);
  db.prepare(
    `INSERT INTO batches (id, submitted_at_ms, requests, billable_requests, expected_nano_usd, status, ended_at_ms, metered_calls, client, member, project,
                          customer)
     VALUES (@id, @createdAtMs, @requests, @billableRequests, @expectedNanoUsd, @status, @endedAtMs, 0, @client, @member, @project, @customer)
     ON CONFLICT (id) DO UPDATE SET
       status = excluded.status, requests = MAX(requests, excluded.requests), billable_requests = excluded.billable_requests,
       expected_nano_usd = COALESCE(expected_nano_usd, excluded.expected_nano_usd), ended_at_ms = COALESCE(excluded.ended_at_ms, ended_at_ms),
       client = COALESCE(client, excluded.client), member = COALESCE(member, excluded.member),
       project = COALESCE(project, excluded.project), customer = COALESCE(customer, excluded.customer)`,
  ).run({ ...news, ...(submitter ?? nobody) });
  return before?.status !== news.status || before.billable !== news.billableRequests;
}

const nobody = { client: null, member: null, project: null, customer: null, expectedNanoUsd: null };

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

const dayMs = 86_400_000;

type StoredBatch = Omit<PendingBatch, 'reservedNanoUsd'> & {
  readonly customer: string | null;
  readonly billable: number | null;
  readonly expectedNanoUsd: number | null;
};

/** Submitted and not metered yet, the oldest first. Results are kept for 29 days; after that nobody can meter them. */
export function readPendingBatches(db: Db, { nowMs }: { readonly nowMs: number }): PendingBatch[] {
  return readPending(db, nowMs - 29 * dayMs).map(({ customer: _customer, billable, expectedNanoUsd, ...batch }) => ({
    ...batch,
    reservedNanoUsd:
      batch.submittedAtMs > nowMs - batchReservedMaxMs ? reservedFor({ ...batch, billable, expectedNanoUsd }) : 0,
  }));
}

export function readReservedBatches(db: Db, nowMs: number): ReservedBatch[] {
  return readPending(db, nowMs - batchReservedMaxMs)
    .map((batch) => {
      const { id, submittedAtMs, member, project, customer } = batch;
      return { id, submittedAtMs, member, project, customer, expectedNanoUsd: reservedFor(batch) };
    })
    .filter(({ expectedNanoUsd }) => expectedNanoUsd > 0);
}

function readPending(db: Db, sinceMs: number): StoredBatch[] {
  return db
    .prepare<[number], StoredBatch>(
      `SELECT id, submitted_at_ms AS submittedAtMs, requests, status, ended_at_ms AS endedAtMs, member, project, customer,
              billable_requests AS billable, expected_nano_usd AS expectedNanoUsd
         FROM batches WHERE metered_at_ms IS NULL AND submitted_at_ms > ? ORDER BY submitted_at_ms LIMIT 200`,
    )
    .all(sinceMs);
}

/** An answer that told no counts says nothing against any of them. */
function reservedFor({
  requests,
  billable,
  expectedNanoUsd,
}: Pick<StoredBatch, 'requests' | 'billable' | 'expectedNanoUsd'>): number {
  const share = billable === null || requests === 0 ? 1 : Math.min(1, billable / requests);
  return Math.ceil((expectedNanoUsd ?? 0) * share);
}
