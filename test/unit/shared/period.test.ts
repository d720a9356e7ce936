/** Days and months have a zone. */
import { describe, expect, it } from 'vitest';

import { createDayOf, daysOfMonth, dayStartMs, isDay, nextMonth, previousMonth } from '../../../shared/period.ts';

const at = (text: string) => Date.parse(text);

describe('a day', () => {
  it('begins at the zone’s own midnight, daylight saving included', () => {
    expect(new Date(dayStartMs('2026-03-29', 'Europe/Berlin')).toISOString()).toBe('2026-03-28T23:00:00.000Z');
    expect(new Date(dayStartMs('2026-03-30', 'Europe/Berlin')).toISOString()).toBe('2026-03-29T22:00:00.000Z');
    expect(new Date(dayStartMs('2026-11-24', 'Asia/Kolkata')).toISOString()).toBe('2026-11-23T18:30:00.000Z');
    expect(new Date(dayStartMs('2026-11-24', 'Pacific/Kiritimati')).toISOString()).toBe('2026-11-23T10:00:00.000Z');
  });

  it('is named by the zone, also when asked again', () => {
    const dayOf = createDayOf('Asia/Kathmandu');
    for (let again = 0; again < 2; again++) {
      expect(dayOf(at('2026-11-23T18:14:59Z'))).toBe('2026-11-23');
      expect(dayOf(at('2026-11-23T18:15:00Z'))).toBe('2026-11-24');
    }
  });

  it('is checked', () => {
    expect([isDay('2026-02-28'), isDay('2026-2-28'), isDay('x')]).toEqual([true, false, false]);
    expect(isDay('2026-13-01')).toBe(false);
  });
});

describe('a month', () => {
  it('knows its neighbours and its days', () => {
    expect([previousMonth('2026-01'), nextMonth('2026-12')]).toEqual(['2025-12', '2027-01']);
    expect(daysOfMonth('2028-02')).toHaveLength(29);
    expect(daysOfMonth('2026-11').at(-1)).toBe('2026-11-30');
  });
});
