/** Whether usage of a minute may still reach its invoice, and which stretches a subscription has. */
import { describe, expect, it } from 'vitest';

import { whyNotAdjusted } from '../../../shared/adjusting.ts';
import { centsAndRest } from '../../../shared/carry-forward-words.ts';
import { invoiceStanding, youngMs, type InvoicePeriod } from '../../../shared/invoice-standing.ts';
import { closingSentence } from '../../../shared/leaving-words.ts';
import { createDayOf } from '../../../shared/period.ts';
import { periodsOf, type ItemFacts } from '../../../main/sync/invoice-periods-of.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const endMs = Date.parse('2026-12-01T00:00:00Z');
const startMs = Date.parse('2026-11-01T00:00:00Z');
const period = (more: Partial<InvoicePeriod> = {}): InvoicePeriod => ({
  startMs,
  endMs,
  state: 'running',
  finalizesAtMs: null,
  ...more,
});
const minuteMs = endMs - dayMs;
const kindAt = (nowMs: number, readAtMs: number | null, ...periods: InvoicePeriod[]) =>
  invoiceStanding({ periods, minuteMs, readAtMs, nowMs }).kind;

describe('usage of a minute', () => {
  it('of a running period is sent on a fresh reading, since it may have ended before its time; a young one on any', () => {
    const nowMs = endMs - hourMs;
    expect(kindAt(nowMs, nowMs - youngMs + 1, period())).toBe('open');
    expect(kindAt(nowMs, nowMs - youngMs, period())).toBe('read_first');
    // A clock that has been put back since.
    expect(kindAt(nowMs, nowMs + 1, period())).toBe('read_first');
    const young = { periods: [period()], minuteMs: nowMs - youngMs, readAtMs: nowMs - 20 * hourMs, nowMs };
    expect(invoiceStanding(young).kind).toBe('open');
  });

  it('of a period that is over waits for a reading of after its end, and a draft is trusted for a quarter of an hour', () => {
    const draft = period({ state: 'draft', finalizesAtMs: endMs + 3 * dayMs });
    expect(kindAt(endMs + 60_000, endMs - hourMs, period())).toBe('read_first');
    expect(kindAt(endMs + 60_000, endMs + 30_000, period())).toBe('open');
    expect(kindAt(endMs + dayMs, endMs + dayMs - 60_000, draft)).toBe('open');
    expect(kindAt(endMs + dayMs, endMs + dayMs - hourMs, draft)).toBe('read_first');
    // About to be made final: looked at again.
    expect(kindAt(endMs + 3 * dayMs - 60_000, endMs + 3 * dayMs - 120_000, draft)).toBe('read_first');
  });

  it('whose invoice is final is never sent', () => {
    expect(kindAt(endMs + dayMs, endMs + dayMs, period({ state: 'final' }))).toBe('final');
  });

  it('counts for the subscription that is still open where there are two', () => {
    expect(kindAt(endMs - hourMs, endMs - hourMs, period({ state: 'final' }), period())).toBe('open');
  });

  it('of nobody’s period is bound by no invoice, if that is known; a young one cannot be late', () => {
    const nowMs = endMs;
    expect(kindAt(nowMs, nowMs - youngMs + 1)).toBe('none');
    expect(kindAt(nowMs, null)).toBe('read_first');
    expect(kindAt(nowMs, nowMs - youngMs)).toBe('read_first');
    expect(invoiceStanding({ periods: [], minuteMs: nowMs - 60_000, readAtMs: null, nowMs }).kind).toBe('none');
  });
});

describe('the stretches of a subscription', () => {
  const facts = (more: Partial<ItemFacts> = {}): ItemFacts => ({
    subscription: 'sub_1',
    meter: 'm',
    startMs: startMs - 60 * dayMs,
    endedAtMs: null,
    currentStartMs: startMs,
    currentEndMs: endMs,
    invoice: {
      id: 'in_1',
      startMs: startMs - 30 * dayMs,
      endMs: startMs,
      isDraft: true,
      finalizesAtMs: startMs + hourMs,
    },
    nowMs: startMs + 1,
    ...more,
  });
  const of = (more: Partial<ItemFacts> = {}) =>
    periodsOf(facts(more)).map(({ startMs: from, endMs: to, state }) => [
      (from - startMs) / dayMs,
      (to - startMs) / dayMs,
      state,
    ]);

  it('are the running one, the one before with the last invoice, and all before that, which are final', () => {
    expect(of()).toEqual([
      [-60, -30, 'final'],
      [-30, 0, 'draft'],
      [0, 30, 'running'],
    ]);
  });

  it('without an invoice of the one before wait a day for it; later none will come', () => {
    expect(of({ invoice: null })[0]).toEqual([-60, 0, 'running']);
    expect(of({ invoice: null, nowMs: startMs + 2 * dayMs })[0]).toEqual([-60, 0, 'final']);
  });

  it('of one that ended without a last invoice are final, with one they are that invoice’s', () => {
    expect(of({ endedAtMs: startMs + dayMs }).at(-1)).toEqual([0, 1, 'final']);
    const last = { id: 'in_2', startMs, endMs: startMs + dayMs, isDraft: true, finalizesAtMs: null };
    expect(of({ endedAtMs: startMs + dayMs, invoice: last })).toEqual([
      [-60, 0, 'final'],
      [0, 1, 'draft'],
    ]);
  });

  it('of a new one are the running one alone', () => {
    expect(of({ startMs, invoice: null })).toEqual([[0, 30, 'running']]);
  });
});

describe('an adjustment', () => {
  const question = { firstSentAtMs: minuteMs, minuteMs, nowMs: minuteMs + hourMs, invoiceFinalAtMs: null };
  it('is made within a day, while nothing can be lost by it', () => {
    expect(whyNotAdjusted(question)).toBeNull();
    expect(whyNotAdjusted({ ...question, invoiceFinalAtMs: question.nowMs + 3 * hourMs })).toBeNull();
  });
  it('is not made later, nor where the window or the invoice closes too soon', () => {
    expect(whyNotAdjusted({ ...question, nowMs: minuteMs + dayMs })).toContain('24 hours');
    expect(whyNotAdjusted({ ...question, minuteMs: question.nowMs - 34 * dayMs })).toContain('35 days');
    expect(whyNotAdjusted({ ...question, invoiceFinalAtMs: question.nowMs + hourMs })).toContain('too soon');
    expect(whyNotAdjusted({ ...question, invoiceFinalAtMs: 0 })).toContain('final');
  });
});

describe('an item', () => {
  it('is cut towards zero, and its rest has the sign of the sum', () => {
    expect(centsAndRest(38_209_999_999)).toEqual({ cents: 3_820, restNanoUsd: 9_999_999 });
    expect(centsAndRest(-38_209_999_999)).toEqual({ cents: -3_820, restNanoUsd: -9_999_999 });
    expect(centsAndRest(-9_999_999)).toEqual({ cents: 0, restNanoUsd: -9_999_999 });
    expect(centsAndRest(0)).toEqual({ cents: 0, restNanoUsd: 0 });
  });
});

describe('a warning', () => {
  it('names the day of the invoice in the caller’s zone', () => {
    const closing = { events: 3, nanoUsd: 38_200_000_000, atMs: endMs + hourMs, asOfMs: endMs - hourMs };
    const words = { isOffline: true, dayOf: createDayOf('UTC') };
    expect(closingSentence(closing, words)).toMatch(
      /^\$38\.20 leaves tomorrow’s invoice unless this machine goes online/,
    );
    expect(closingSentence(closing, { ...words, dayOf: createDayOf('Asia/Kolkata') })).toContain('today’s invoice');
    expect(closingSentence({ ...closing, atMs: null }, words)).toBeNull();
  });
});
