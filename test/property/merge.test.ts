/** One call told by several sources: in whatever order and however often, it comes to one record, and no count is ever the sum of two tellings. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { CallRecord, CallSource } from '../../shared/call.ts';
import { mergeCalls } from '../../shared/merge-calls.ts';
import { exportCalls } from '../../main/ledger/read-export.ts';
import { unaccountedNanoUsd, sealAndSend } from '../kit/outbox-steps.ts';
import { begunCall, settledCall } from '../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../kit/ledger-db.ts';

/** The truth of one message, and tellings of it: whole, or as it stood when something was cut. */
const truth = fc.record({
  input: fc.nat(100_000),
  write: fc.nat(5_000),
  read: fc.nat(100_000),
  output: fc.integer({ min: 1, max: 20_000 }),
});
const sources: readonly CallSource[] = ['proxy', 'batch', 'import', 'claude_code'];
const tellings = fc.array(
  fc.record({ source: fc.constantFrom(...sources), isFinal: fc.boolean(), share: fc.integer({ min: 0, max: 99 }) }),
  { minLength: 1, maxLength: 6 },
);
type Truth = { input: number; write: number; read: number; output: number };
type Telling = { source: CallSource; isFinal: boolean; share: number };

function tell({ input, write, read, output }: Truth, { source, isFinal, share }: Telling, index: number): CallRecord {
  const begun = begunCall(`call_${index}`, { source, customer: source === 'proxy' ? 'cus_a' : null });
  const usage = {
    input_tokens: input,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: write,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: write },
    output_tokens: isFinal ? output : Math.floor((output * share) / 100),
  };
  const { outcome } = settledCall(begun, usage);
  return {
    ...begun,
    ...outcome,
    messageId: 'msg_one',
    status: isFinal ? 'complete' : 'partial',
    isEstimated: !isFinal,
    stopReason: isFinal ? 'end_turn' : null,
  };
}

let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb();
});
afterEach(() => ledger.close());

/** The proxy tells of a message once; a second time would be a cache's answer, which is another rule. */
const onceByProxy = (list: readonly Telling[]) =>
  list.filter(
    (telling, index) => telling.source !== 'proxy' || list.findIndex(({ source }) => source === 'proxy') === index,
  );

describe('a call told by several sources', () => {
  it('is the truth as soon as one of them knows the end, in whatever order they come', () => {
    fc.assert(
      fc.property(truth, tellings, (what, list) => {
        const records = list.map((telling, index) => tell(what, telling, index));
        const merged = records.reduce(mergeCalls);
        const best = list.some(({ isFinal }) => isFinal)
          ? what.output
          : Math.max(...records.map(({ outputTokens }) => outputTokens));
        expect(merged.outputTokens).toBe(best);
        expect([
          merged.inputTokens,
          merged.cacheReadTokens,
          merged.cacheWrite1hTokens,
          merged.cacheWrite5mTokens,
        ]).toEqual([what.input, what.read, what.write, 0]);
        expect(merged.isEstimated).toBe(!list.some(({ isFinal }) => isFinal));
        // Nothing new in hearing any of them again.
        for (const record of records) expect(mergeCalls(merged, record).outputTokens).toBe(merged.outputTokens);
      }),
    );
  });

  it('is one row with its money once, and rollups and outbox follow, whatever was sealed or sent in between', () => {
    let number = 0;
    fc.assert(
      fc.property(truth, tellings, fc.array(fc.constantFrom('seal', 'send', 'nothing')), (what, all, between) => {
        number += 1;
        const list = onceByProxy(all);
        const records = list.map((telling, index): CallRecord => ({
          ...tell(what, telling, index),
          id: `call_${number}_${index}`,
          messageId: `msg_${number}`,
        }));
        for (const [index, record] of records.entries()) {
          ledger.record(record);
          sealAndSend(ledger.db, between[index] ?? 'nothing', number);
        }
        const rows = [...exportCalls(ledger.db, { from: null, to: null })].filter(
          ({ message_id: id }) => id === `msg_${number}`,
        );
        expect(rows).toHaveLength(1);
        expect(rows[0]?.output_tokens).toBe(records.reduce(mergeCalls).outputTokens);
      }),
      { numRuns: 60 },
    );
    expect(ledger.findings()).toEqual([]);
    // What Stripe was told, what waits and what is to be settled come to what the billed calls cost.
    expect(unaccountedNanoUsd(ledger.db)).toBe(0);
  });
});
