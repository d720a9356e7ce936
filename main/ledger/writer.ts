/**
 * The proxy's side of the ledger: hands begins and settles to the writer thread once per tick and says when they are on the disk.
 * Promises: a begin answers after its commit, or with `durable: false` when the disk refuses, so that the call still goes through;
 * refused rows are kept (bounded) and written once there is room; nothing here blocks the proxy's loop.
 */
import type { Worker } from 'node:worker_threads';

import type { BegunCall, SettledCall } from '../../shared/call.ts';
import type { Unusual } from '../../shared/corrections.ts';
import type { Clock } from '../system/clock.ts';
import type { WriteTrouble } from './condition.ts';
import type { SettleNotes } from './settle-notes.ts';
import type { CommitAnswer, FailedCommit, LedgerWrite, WriteBatch } from './group-commit.ts';

export type BeginAnswer = { readonly durable: boolean };

export type LedgerWriter = {
  readonly begin: (call: BegunCall) => Promise<BeginAnswer>;
  /**
   * `onCommitted` runs after the commit; it does not run when the row has to wait for the disk, until it is written. It is told when the call did
   * not become a row like any other. Resolves once the settle outlives this process (`settle-notes.ts`), or cannot be made to; never rejects.
   */
  readonly settle: (
    begun: BegunCall,
    settled: SettledCall,
    onCommitted: (unusual: Unusual | null) => void,
  ) => Promise<void>;
  /** What keeps rows from the disk, and how many wait; null while all is well. */
  readonly trouble: () => WriteTrouble | null;
  /** Resolves when everything handed over so far is on the disk, or the last try has failed. */
  readonly flush: () => Promise<void>;
};

/** About 200 MB of rows at worst; beyond it the oldest begins are let go first, since their settle carries all they know. */
const waitingWritesMax = 100_000;
const retryDelayMs = 1_000;

type Pending = {
  readonly write: LedgerWrite;
  readonly done: (isCommitted: boolean, unusual: Unusual | null) => void;
  isAnswered: boolean;
};
type Posted = { readonly number: number; readonly pending: readonly Pending[] };

/** `onDamage` is told when a commit failed because the file is damaged. */
export function createLedgerWriter(
  worker: Worker,
  clock: Clock,
  notes: Pick<SettleNotes, 'keep'>,
  onDamage: (reason: string) => void = () => {},
): LedgerWriter {
  let queue: Pending[] = [];
  let posted: Posted[] = [];
  let lastNumber = 0;
  let isScheduled = false;
  let trouble: Omit<WriteTrouble, 'waiting'> | null = null;
  let isWaitingForRetry = false;
  let idle: (() => void)[] = [];

  function post(): void {
    isScheduled = false;
    if (queue.length === 0) return;
    lastNumber += 1;
    const batch: WriteBatch = { number: lastNumber, writes: queue.map((pending) => pending.write) };
    posted.push({ number: lastNumber, pending: queue });
    queue = [];
    worker.postMessage({ batch });
  }

  function schedule(): void {
    if (isScheduled || isWaitingForRetry) return;
    isScheduled = true;
    setImmediate(post);
  }

  function onAnswer(answer: CommitAnswer): void {
    const answered = posted.filter((batch) => batch.number <= answer.lastNumber).flatMap((batch) => batch.pending);
    posted = posted.filter((batch) => batch.number > answer.lastNumber);
    if (answer.kind === 'committed') {
      trouble = null;
      for (const pending of answered) pending.done(true, unusualOf(pending.write, answer.unusual));
    } else {
      keepForLater(answered, answer);
    }
    if (posted.length === 0 && (queue.length === 0 || isWaitingForRetry)) notifyIdle();
  }

  function keepForLater(refused: readonly Pending[], { reason, code, isDamage }: FailedCommit): void {
    if (isDamage) onDamage(reason);
    // The calls go through without waiting for the disk; their rows keep their place in front of newer ones.
    for (const pending of refused) if (pending.write.kind === 'begin') pending.done(false, null);
    queue = [...refused, ...queue].slice(-waitingWritesMax);
    trouble = { reason, code, sinceMs: trouble?.sinceMs ?? clock.nowMs() };
    if (isWaitingForRetry) return;
    isWaitingForRetry = true;
    clock.after(retryDelayMs, retry);
  }

  function retry(): void {
    isWaitingForRetry = false;
    post();
  }

  function notifyIdle(): void {
    for (const resolve of idle) resolve();
    idle = [];
  }

  worker.on('message', (message: { commit?: CommitAnswer }) => {
    if (message.commit) onAnswer(message.commit);
  });

  function add(write: LedgerWrite, done: Pending['done']): void {
    const pending: Pending = {
      write,
      isAnswered: false,
      done: (isCommitted, unusual) => {
        if (pending.isAnswered) return;
        // A begin is answered once; a settle is only ever answered by its commit.
        if (isCommitted || write.kind === 'begin') pending.isAnswered = true;
        done(isCommitted, unusual);
      },
    };
    queue.push(pending);
    if (isWaitingForRetry && write.kind === 'begin') pending.done(false, null);
    schedule();
  }

  return {
    begin: (call) => new Promise((resolve) => add({ kind: 'begin', call }, (durable) => resolve({ durable }))),
    settle: (begun, settled, onCommitted) => {
      const note = notes.keep({ begun, settled });
      add({ kind: 'settle', begun, settled }, (isCommitted, unusual) => {
        if (!isCommitted) return;
        note.done();
        onCommitted(unusual);
      });
      return note.kept;
    },
    trouble: () => (trouble === null ? null : { ...trouble, waiting: queue.length }),
    flush: () =>
      new Promise((resolve) => {
        if (queue.length === 0 && posted.length === 0) return resolve();
        idle.push(resolve);
        post();
      }),
  };
}

/** The list is empty but for a rare call. */
function unusualOf(write: LedgerWrite, unusual: readonly Unusual[]): Unusual | null {
  if (unusual.length === 0 || write.kind === 'begin') return null;
  return unusual.find(({ callId }) => callId === write.begun.id) ?? null;
}
