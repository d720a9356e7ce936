/** The description of an invoice item, of whatever it bills: as long as Stripe takes, with the sum, the days and the calls in it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  carryForwardDescription,
  carryForwardSentence,
  itemDescriptionLengthMax,
  type CarryForwardFigures,
} from '../../shared/carry-forward-words.ts';
import { formatUsd } from '../../shared/money.ts';
import { meteredClasses } from '../../shared/plan-meters.ts';

const most = Number.MAX_SAFE_INTEGER;
const days = fc
  .uniqueArray(fc.nat(20_000), { maxLength: 60 })
  .map((numbers) =>
    numbers.toSorted((a, b) => a - b).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
  );
const meters: fc.Arbitrary<CarryForwardFigures['meters'][number]> = fc.record({
  unit: fc.constantFrom('token' as const, 'request' as const),
  tokenClass: fc.constantFrom(...meteredClasses),
  model: fc.option(fc.string({ maxLength: 120 })),
  asideValue: fc.oneof(fc.constant(0), fc.nat(most)),
  correctedValue: fc.oneof(fc.constant(0), fc.integer({ min: -most, max: most })),
});
const figures: fc.Arbitrary<CarryForwardFigures> = fc.record({
  calls: fc.nat(most),
  asideNanoUsd: fc.nat(most),
  unpricedEvents: fc.nat(3),
  uncertainNanoUsd: fc.nat(most),
  asideDays: days,
  correctedCalls: fc.nat(most),
  differenceNanoUsd: fc.integer({ min: -most, max: most }),
  unpricedCorrections: fc.nat(3),
  correctedDays: days,
  restNanoUsd: fc.integer({ min: -9_999_999, max: 9_999_999 }),
  meters: fc.array(meters, { maxLength: 40 }),
});

const count = (value: number) => value.toLocaleString('en-US');

it('is never longer than Stripe takes, and always names the sum, the first and the last day and the calls', () => {
  fc.assert(
    fc.property(figures, (all) => {
      const description = carryForwardDescription(all);
      expect(description.length).toBeLessThanOrEqual(itemDescriptionLengthMax);
      const ofAside = [
        formatUsd(all.asideNanoUsd, 6),
        `(${count(all.calls)} call`,
        all.asideDays[0],
        all.asideDays.at(-1),
      ];
      const ofCorrected = [
        formatUsd(Math.abs(all.differenceNanoUsd), 6),
        `(${count(all.correctedCalls)} call`,
        all.correctedDays[0] ?? '',
        all.correctedDays.at(-1) ?? '',
      ];
      if (all.asideDays.length > 0) for (const part of ofAside) expect(description).toContain(part);
      if (all.correctedCalls > 0) for (const part of ofCorrected) expect(description).toContain(part);
      if (all.restNanoUsd !== 0) expect(description).toContain(formatUsd(all.restNanoUsd, 6));
      const whole = carryForwardSentence({ ...all, uncertainNanoUsd: 0 });
      if (whole.length <= itemDescriptionLengthMax) expect(description).toBe(whole);
    }),
    { numRuns: 1_000 },
  );
});
