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
import type { BegunCall, CallOutcome, CallRecord, ChargeLine, SettledCall } from '../../shared/call.ts';
import type { Plan } from '../../shared/contract/settings.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { isPricedAlike, mergeCalls } from '../../shared/merge-calls.ts';
import type { DayOf } from '../../shared/period.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall } from '../../shared/pricing/reprice.ts';
import type { Db } from '../system/db.ts';
import { prepareInsertCall, prepareReadCall, type StoredCall } from './call-row.ts';
import { changeOfCorrection, createRollupSums } from './rollup-sums.ts';
import { createShares } from './shares.ts';

export type Settled =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'unchanged'; readonly callId: string }
  | { readonly kind: 'repeat'; readonly outcome: CallOutcome }
  | { readonly kind: 'corrected'; readonly callId: string; readonly changes: readonly DayChange[] };

export type Recorder = {
  readonly settle: (begun: BegunCall, settled: SettledCall) => Settled;
  /** A call that was not begun here. `moreKeys`: further names by which it would be known again (a line of a batch). */
  readonly record: (call: CallRecord, lines: readonly ChargeLine[], moreKeys: readonly string[]) => Settled;
  readonly correct: (
    known: StoredCall,
    after: CallRecord,
    lines: readonly ChargeLine[],
    reason: string,
  ) => readonly DayChange[];
  /** Writes the rollups of everything since the last time. Must be called before the transaction commits. */
  readonly writeRollups: () => DayChange[];
  /** The transaction failed: nothing of it counts. */
  readonly forget: () => void;
};

export type RecordRules = { readonly dayOf: DayOf; readonly plan: Plan; readonly book: () => PriceBook };

export function createRecorder(db: Db, rules: RecordRules): Recorder {
  const isSettled = db.prepare<[string], number>('SELECT 1 FROM calls WHERE id = ?').pluck();
  const findKey = db.prepare<[string], string>('SELECT call_id FROM call_keys WHERE key = ?').pluck();
  const claimKey = db.prepare<[string, string]>(
    'INSERT INTO call_keys (key, call_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const noteSighting = db.prepare<[string, string, number]>('INSERT OR IGNORE INTO sightings VALUES (?, ?, ?)');
  const insertCall = prepareInsertCall(db);
  const readCall = prepareReadCall(db);
  const rollups = createRollupSums(db);
  const shares = createShares(db, rules.plan);

  function insertFirst(call: CallRecord, lines: readonly ChargeLine[], repeatOf: string | null): void {
    const day = rules.dayOf(call.startedAtMs);
    const { seq } = insertCall(call, { day, revision: 1, correctsSeq: null, correctionReason: null, repeatOf, lines });
    rollups.add(call, day);
    shares.add(seq, call);
  }

  function correct(known: StoredCall, after: CallRecord, lines: readonly ChargeLine[], reason: string) {
    const day = rules.dayOf(after.startedAtMs);
    const { seq } = insertCall(after, {
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
    shares.correct(seq, after);
    return changeOfCorrection(known.call, dayBefore, after, day);
  }

  /** The call that is known by one of these names, if any. */
  function find(told: CallRecord, moreKeys: readonly string[]): StoredCall | null {
    for (const key of [...keysOf(told), ...moreKeys]) {
      const id = findKey.get(key);
      const known = id === undefined ? null : readCall(id);
      if (known && !areTwoMessages(known.call, told)) return known;
    }
    return null;
  }

  function merge(known: StoredCall, told: CallRecord, lines: readonly ChargeLine[]): Settled {
    const { id: callId, source } = known.call;
    if (told.source !== source) noteSighting.run(callId, told.source, told.endedAtMs);
    const merged = mergeCalls(known.call, told);
    if (merged === known.call) return { kind: 'unchanged', callId };
    const { call, lines: newLines } = priced(merged, known, { call: told, lines }, rules.book());
    const changes = correct(known, call, newLines, mergeReason(told));
    return { kind: 'corrected', callId, changes };
  }

  function claim(call: CallRecord, moreKeys: readonly string[], callId: string): void {
    const key = call.messageId ?? (call.status === 'partial' ? call.requestId : null);
    if (key !== null) claimKey.run(key, callId);
    for (const more of moreKeys) claimKey.run(more, callId);
  }

  function record(call: CallRecord, lines: readonly ChargeLine[], moreKeys: readonly string[]): Settled {
    const isTold = isSettled.get(call.id) !== undefined;
    if (isTold && call.source === 'proxy') return { kind: 'unchanged', callId: call.id };
    const known = isTold ? readCall(call.id) : find(call, moreKeys);
    const arePassing = known?.call.source === 'proxy' && call.source === 'proxy';
    if (arePassing && call.messageId !== null) {
      const outcome = repeatOutcome(call);
      insertFirst({ ...call, ...outcome }, [], known.call.id);
      return { kind: 'repeat', outcome };
    }
    // Two that passed and have only a request id in common were two requests.
    if (known === null || arePassing) {
      insertFirst(call, lines, null);
      claim(call, moreKeys, call.id);
      return { kind: 'recorded' };
    }
    claim(call, moreKeys, known.call.id);
    return merge(known, call, lines);
  }

  return {
    settle: (begun, { outcome, lines }) => record({ ...begun, ...outcome }, lines, []),
    record,
    correct,
    writeRollups: rollups.write,
    forget: rollups.forget,
  };
}

/** A message is known by its id; one that was cut before it had one, by Anthropic's id of the request. */
function keysOf({ messageId, requestId }: CallRecord): string[] {
  return [messageId, requestId].filter((key) => key !== null);
}

/** Found by their request id, and yet not the same: a client or a test may use one request id for several messages. */
function areTwoMessages(known: CallRecord, told: CallRecord): boolean {
  return known.messageId !== null && told.messageId !== null && known.messageId !== told.messageId;
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

type Priced = { readonly call: CallRecord; readonly lines: readonly ChargeLine[] };

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
