/** The outbox's state machine under any sequence of answers: delivered once, never dropped, never resent past its identifier's life. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { foldMinute, identifierLifeMs, meterEventIdentifier } from '../../shared/meter-event.ts';
import { decideCancellation } from '../../main/sync/decide-cancellation.ts';
import { decide, type Decision, type StripeAnswer } from '../../main/sync/decide.ts';

const retryAfterMs = fc.option(fc.integer({ min: 0, max: 3_600_000 }));
const answer: fc.Arbitrary<StripeAnswer> = fc.oneof(
  fc.constantFrom<StripeAnswer>({ kind: 'accepted' }, { kind: 'duplicate' }),
  fc
    .constantFrom('not_connected' as const, 'no_answer' as const, 'not_authorized' as const, 'refused' as const)
    .map((kind) => ({ kind, reason: 'r', code: 'other' })),
  fc
    .tuple(fc.constantFrom('rate_limited' as const, 'busy' as const), retryAfterMs)
    .map(([kind, after]) => ({ kind, reason: 'r', retryAfterMs: after })),
);
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });

describe('the outbox', () => {
  it('ends accepted or refused, or waits with a time, or is held after a day; nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(answer, fraction), { minLength: 1, maxLength: 40 }), (steps) => {
        let nowMs = 1_000_000;
        let firstSentAtMs: number | null = null;
        let wasUnknown = false;
        let mayStripeHaveIt = false;
        for (const [index, [told, draw]] of steps.entries()) {
          firstSentAtMs ??= nowMs;
          // Sent again only while Stripe still knows the identifier, if it may have it.
          if (mayStripeHaveIt) expect(nowMs).toBeLessThanOrEqual(firstSentAtMs + identifierLifeMs);
          const decision: Decision = decide(told, {
            attempts: index + 1,
            firstSentAtMs,
            wasUnknown,
            nowMs,
            fraction: draw,
          });
          if (told.kind === 'no_answer' || told.kind === 'busy') mayStripeHaveIt = true;
          if (decision.state === 'accepted') {
            expect(['accepted', 'duplicate']).toContain(told.kind);
            return;
          }
          if (decision.state === 'rejected') {
            expect(told.kind).toBe('refused');
            return;
          }
          // What may have arrived never goes back to "surely not sent".
          if (mayStripeHaveIt) expect(decision).toMatchObject({ state: 'unknown', mayHaveArrived: true });
          if (decision.nextAttemptAtMs === null) {
            expect(decision.state).toBe('unknown');
            return;
          }
          expect(decision.nextAttemptAtMs).toBeGreaterThan(nowMs);
          if ('retryAfterMs' in told && told.retryAfterMs !== null)
            expect(decision.nextAttemptAtMs).toBeGreaterThanOrEqual(nowMs + told.retryAfterMs);
          wasUnknown = decision.state === 'unknown';
          if (!decision.mayHaveArrived) firstSentAtMs = null;
          nowMs = decision.nextAttemptAtMs;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('asks again after a wait drawn evenly from up to 1 s, doubled by each attempt, up to 15 minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fraction, (attempts, draw) => {
        const longestMs = Math.min(1_000 * 2 ** (attempts - 1), 15 * 60_000);
        // Not at once, though: half a second at the least.
        const waitMs = Math.max(500, Math.round(longestMs * draw));
        const attempt = { attempts, firstSentAtMs: 0, nowMs: 0, fraction: draw };
        expect(decide({ kind: 'not_connected', reason: 'r' }, { ...attempt, wasUnknown: false })).toMatchObject({
          state: 'sealed',
          nextAttemptAtMs: waitMs,
        });
        expect(decide({ kind: 'no_answer', reason: 'r' }, { ...attempt, wasUnknown: true })).toMatchObject({
          state: 'unknown',
          nextAttemptAtMs: waitMs,
        });
        expect(
          decideCancellation(
            { kind: 'no_answer', reason: 'r', isKeySpent: false },
            { ...attempt, mayHaveArrived: false },
          ),
        ).toMatchObject({ kind: 'wait', nextAttemptAtMs: waitMs });
      }),
    );
  });

  it('loses nothing to rounding: what was billed is what was sent and what is carried', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3_000_000, max: 10_000_000 }), { maxLength: 60 }), (minutes) => {
        let carried = 0;
        let sent = 0;
        for (const nano of minutes) {
          const { value, carriedOutThousandths } = foldMinute(nano, carried);
          sent += value;
          // Nothing is sent of a credit, and none of it is kept back once a unit is due.
          expect(value).toBe(Math.max(0, Math.floor((carried + nano) / 1_000)));
          carried = carriedOutThousandths;
          expect(carried).toBeLessThan(1_000);
        }
        expect(sent * 1_000 + carried).toBe(minutes.reduce((sum, nano) => sum + nano, 0));
      }),
    );
  });

  it('names an event by its content: the same content the same, any other another, within Stripe’s bound', () => {
    const content = fc.record({
      ledgerId: fc.string({ minLength: 1, maxLength: 43 }),
      customer: fc.stringMatching(/^cus_[A-Za-z0-9]{1,80}$/),
      meter: fc.string({ minLength: 1, maxLength: 100 }),
      minuteMs: fc.integer({ min: 0, max: 3_000_000 }).map((minute) => minute * 60_000),
      revision: fc.integer({ min: 1, max: 99 }),
      value: fc.integer({ min: 1, max: 10 ** 15 - 1 }),
    });
    fc.assert(
      fc.property(content, content, (a, b) => {
        expect(meterEventIdentifier(a).length).toBeLessThanOrEqual(100);
        expect(meterEventIdentifier(a)).toBe(meterEventIdentifier({ ...a }));
        const isSame = Object.entries(a).every(([key, value]) => b[key as keyof typeof b] === value);
        if (!isSame) expect(meterEventIdentifier(a)).not.toBe(meterEventIdentifier(b));
        expect(meterEventIdentifier({ ...a, value: a.value + 1 })).not.toBe(meterEventIdentifier(a));
        expect(meterEventIdentifier({ ...a, revision: a.revision + 1 })).not.toBe(meterEventIdentifier(a));
      }),
    );
  });
});
