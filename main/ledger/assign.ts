/**
 * Says afterwards who made a call: a correction that names the old row, in chunks of one transaction, so that who it was shown for before stays visible.
 * Its price is not touched. Rollups follow; so do shares that were not sent, and what was sent to another customer becomes a difference to settle (shares.ts).
 * Of many calls only those without a member are assigned: nobody's word is overruled by a rule.
 */
import type { AssignedCalls } from '../../shared/contract/assign.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { customerOf, type CustomerMap } from '../../shared/customer-of.ts';
import type { Db } from '../system/db.ts';
import { otherConditions } from './call-conditions.ts';
import { prepareReadCall, readStoredCallsWhere, type StoredCall } from './call-row.ts';
import type { Recorder } from './record.ts';

export type AssignQuestion = {
  readonly which: AssignedCalls;
  readonly member: string;
  /** Null leaves what each call has. */
  readonly project: string | null;
  /** Who is billed for whom (settings). */
  readonly customers: CustomerMap;
  /** 0 at first, then the answer's `lastSeq`. */
  readonly afterSeq: number;
};

export type AssignResult = {
  /** The call that was asked for by its id is there; true for the other kinds. */
  readonly isKnown: boolean;
  readonly assigned: number;
  /** Were this member's, and this project's, before. */
  readonly already: number;
  /** Null when there are no more. */
  readonly lastSeq: number | null;
  readonly changes: readonly DayChange[];
};

const callsPerChunk = 500;

export function assign(db: Db, recorder: Recorder, question: AssignQuestion): AssignResult {
  const calls = readCalls(db, question);
  const changed = calls.filter(({ call }) => !isAlready(call, question));
  const isByName = question.which.kind === 'call';
  return {
    isKnown: !isByName || calls.length > 0,
    assigned: changed.length,
    already: calls.length - changed.length,
    lastSeq: isByName || calls.length < callsPerChunk ? null : (calls.at(-1)?.seq ?? null),
    changes: changed.length === 0 ? [] : write(db, recorder, changed, question),
  };
}

function readCalls(db: Db, { which, afterSeq }: AssignQuestion): readonly StoredCall[] {
  if (which.kind === 'call') {
    const stored = prepareReadCall(db)(which.id);
    return stored === null ? [] : [stored];
  }
  return readStoredCallsWhere(db, {
    ...otherConditions({ member: '', ...likeness(which) }),
    afterSeq,
    limit: callsPerChunk,
  });
}

function likeness(which: Exclude<AssignedCalls, { kind: 'call' }>) {
  switch (which.kind) {
    case 'conversation':
      return { conversation: which.conversation };
    case 'user':
      return { user: which.user };
    case 'client':
      // An empty filter value asks for the calls that have none.
      return { client: which.client ?? '' };
  }
}

function isAlready({ member, project }: StoredCall['call'], asked: AssignQuestion): boolean {
  return member === asked.member && (asked.project === null || project === asked.project);
}

function write(
  db: Db,
  recorder: Recorder,
  calls: readonly StoredCall[],
  question: AssignQuestion,
): readonly DayChange[] {
  try {
    return db.transaction(() => {
      for (const stored of calls) {
        const after = { ...stored.call, ...whoOf(stored.call, question) };
        recorder.correct(stored, after, stored.lines, reasonOf(stored.call));
      }
      return recorder.writeRollups();
    })();
  } catch (error) {
    recorder.forget();
    throw error;
  }
}

/** A customer that the call itself named stays; one that followed from who made it follows again. */
function whoOf({ member, project: before, customer }: StoredCall['call'], asked: AssignQuestion) {
  const project = asked.project ?? before;
  const followed = customerOf(asked.customers, { member, project: before });
  const isOwn = customer !== null && customer !== followed;
  return {
    member: asked.member,
    project,
    customer: isOwn ? customer : customerOf(asked.customers, { member: asked.member, project }),
  };
}

function reasonOf({ member, project }: StoredCall['call']): string {
  const before =
    member === null && project === null ? 'unassigned' : [member ?? 'unassigned', project].filter(Boolean).join(' · ');
  return `Assigned by hand; it was ${before}.`;
}
