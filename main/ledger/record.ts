/**
 * Writes calls: `begin` before the request leaves, `settle` once its outcome is known, `correct` when something better is known. All run
 * inside the caller's transaction, so that a settled call, its charge lines, its rollup and its share of the outbox are one (invariant 4).
 *
 * Once (invariant 5): a call is known by its message id, else by its request id; `call_keys` holds one call for a key. A settled call whose key
 * is known already is
 * - the same row again (a commit that was tried twice): nothing changes;
 * - a second call through the proxy with one message: somebody between us and Anthropic answered from a cache. It keeps a row of its own, with
 *   nothing to pay and no message id, naming the first (`repeat_of`);
 * - the same call from another source: the better record wins field by field, as a new revision of the known call.
 * A settled row is never changed.
 */
import type { BegunCall, CallOutcome, CallRecord, SettledCall } from '../../shared/call.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { isPricedAlike, mergeCalls } from '../../shared/merge-calls.ts';
import type { DayOf } from '../../shared/period.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';
import type { Db } from '../system/db.ts';
import { createCallNames } from './call-names.ts';
import { valuesOf, type CallValues } from './call-columns.ts';
import { prepareReadCall, type StoredCall } from './call-row.ts';
import type { Lines } from './charge-text.ts';
import { createCallInserts } from './insert-calls.ts';
import { changeOfCorrection, createRollupSums } from './rollup-sums.ts';
import type { PlansInForce } from './plans-in-force.ts';
import { createShares } from './shares.ts';

export type Settled =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'unchanged'; readonly callId: string }
  | { readonly kind: 'repeat'; readonly outcome: CallOutcome }
  | { readonly kind: 'corrected'; readonly callId: string; readonly changes: readonly DayChange[] };

export type Recorder = {
  readonly settle: (begun: BegunCall, settled: SettledCall) => Settled;
  /**
   * A call that was not begun here. `moreKeys`: further names by which it would be known again (a line of a batch). `values`: its own, where it came
   * as a row of them.
   */
  readonly record: (call: CallRecord, lines: Lines, moreKeys: readonly string[], values?: CallValues) => Settled;
  readonly correct: (known: StoredCall, after: CallRecord, lines: Lines, reason: string) => readonly DayChange[];
  /** Writes the rows that wait and the rollups of everything since the last time. Must be called before the transaction commits. */
  readonly writeRollups: () => DayChange[];
  /** The transaction failed: nothing of it counts. */
  readonly forget: () => void;
};

export type RecordRules = { readonly dayOf: DayOf; readonly plans: PlansInForce; readonly book: () => PriceBook };

export function createRecorder(db: Db, rules: RecordRules): Recorder {
  const isSettled = db.prepare<[string], number>('SELECT 1 FROM calls WHERE id = ?').pluck();
  const noteSighting = db.prepare<[string, string, number]>('INSERT OR IGNORE INTO sightings VALUES (?, ?, ?)');
  const inserts = createCallInserts(db);
  const readStored = prepareReadCall(db);
  const readCall = (id: string) => (inserts.flush(), readStored(id));
  const names = createCallNames(db, readCall);
  const rollups = createRollupSums(db);
  const shares = createShares(db, rules);

  function insertFirst(call: CallRecord, lines: Lines, repeatOf: string | null, values = valuesOf(call)): void {
    const day = rules.dayOf(call.startedAtMs);
    const facts = { day, revision: 1, correctsSeq: null, correctionReason: null, repeatOf, lines };
    rollups.add(call, day);
    const due = shares.of(call, lines);
    inserts.add(values, facts, due.due.length === 0 ? undefined : (seq) => shares.add(seq, call.customer, due));
  }

  function correct(known: StoredCall, after: CallRecord, lines: Lines, reason: string) {
    const day = rules.dayOf(after.startedAtMs);
    const { seq } = inserts.insert(valuesOf(after), {
      day,
      revision: known.revision + 1,
      correctsSeq: known.seq,
      correctionReason: reason,
      repeatOf: known.repeatOf,
      lines,
    });
    const dayBefore = rules.dayOf(known.call.startedAtMs);
    rollups.subtract(known.call, dayBefore);
    rollups.add(after, day);
    shares.correct(seq, after, lines);
    return changeOfCorrection(known.call, dayBefore, after, day);
  }

  function merge(known: StoredCall, told: CallRecord, lines: Lines): Settled {
    const { id: callId, source } = known.call;
    if (told.source !== source) noteSighting.run(callId, told.source, told.endedAtMs);
    const merged = mergeCalls(known.call, told);
    if (merged === known.call) return { kind: 'unchanged', callId };
    const { call, lines: newLines } = priced(merged, known, { call: told, lines }, rules.book());
    const changes = correct(known, call, newLines, mergeReason(told));
    return { kind: 'corrected', callId, changes };
  }

  /** Null when this id is new. */
  function recordAgain(call: CallRecord, lines: Lines, moreKeys: readonly string[]): Settled | null {
    if (!mayBeToldAgain(call)) return null;
    if (!inserts.isWaiting(call.id) && isSettled.get(call.id) === undefined) return null;
    const known = call.source === 'proxy' ? null : readCall(call.id);
    if (known === null) return { kind: 'unchanged', callId: call.id };
    names.claimMessage(call, call.id);
    names.claimMore(call, moreKeys, call.id);
    return merge(known, call, lines);
  }

  function recordRepeat(call: CallRecord, repeatOf: string): Settled {
    const outcome = repeatOutcome(call);
    insertFirst({ ...call, ...outcome }, [], repeatOf);
    return { kind: 'repeat', outcome };
  }

  function record(call: CallRecord, lines: Lines, moreKeys: readonly string[], values?: CallValues): Settled {
    const again = recordAgain(call, lines, moreKeys);
    if (again !== null) return again;
    const isNewMessage = names.takeMessage(call);
    const known = names.find(call, [isNewMessage ? null : call.messageId, call.requestId, ...moreKeys]);
    const arePassing = known !== null && known.call.source === 'proxy' && call.source === 'proxy';
    if (arePassing && call.messageId !== null && !isNewMessage) return recordRepeat(call, known.call.id);
    // Two that passed and have only a request id in common were two requests.
    if (known === null || arePassing) {
      insertFirst(call, lines, null, values);
      names.claimMore(call, moreKeys, call.id);
      return { kind: 'recorded' };
    }
    // The name was taken for this call, and belongs to the one that was found.
    if (isNewMessage) names.giveMessage(call, known.call.id);
    names.claimMore(call, moreKeys, known.call.id);
    return merge(known, call, lines);
  }

  return {
    settle: (begun, { outcome, lines }) => record({ ...begun, ...outcome }, lines, []),
    record,
    correct,
    writeRollups: () => {
      inserts.flush();
      shares.flush();
      return rollups.write();
    },
    forget: () => {
      inserts.forget();
      rollups.forget();
      shares.forget();
    },
  };
}

/** A settle that is tried twice, or an export that is imported again, comes under its old id; what a transcript or a batch tells gets a new one. */
function mayBeToldAgain({ source }: CallRecord): boolean {
  return source === 'proxy' || source === 'import';
}

/** Nothing was run for it: no tokens, nothing to pay. */
function repeatOutcome(told: CallRecord): CallOutcome {
  return {
    ...told,
    messageId: null,
    inputTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    cacheReadTokens: 0,
    outputTokens: 0,
    thinkingTokens: 0,
    webSearchRequests: 0,
    passCount: 0,
    costNanoUsd: 0,
    unpricedReason: null,
    usageJson: null,
  };
}

type Priced = { readonly call: CallRecord; readonly lines: Lines };

/** Whoever's figures the merged call has, it has their price; figures of both are priced anew. */
function priced(merged: CallRecord, known: StoredCall, told: Priced, book: PriceBook): Priced {
  for (const side of [known, told]) {
    if (!isPricedAlike(merged, side.call)) continue;
    const { costNanoUsd, priceBook, unpricedReason } = side.call;
    return { call: { ...merged, costNanoUsd, priceBook, unpricedReason }, lines: side.lines };
  }
  const anew = repriceCall(merged, book);
  if (anew === null) return { call: merged, lines: known.lines };
  const { lines, ...price } = anew;
  return { call: { ...merged, ...price }, lines };
}

function mergeReason({ source }: CallRecord): string {
  switch (source) {
    case 'proxy':
      return 'The proxy saw this call to its end.';
    case 'batch':
      return 'The results of its batch tell more of this call.';
    case 'claude_code':
      return 'A Claude Code transcript tells more of this call.';
    case 'import':
      return 'A teammate’s export tells more of this call.';
  }
}
