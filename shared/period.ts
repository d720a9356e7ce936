/**
 * Days and months in a named time zone. Pure: the instant is always a parameter, and every function says which zone it means.
 * A day is "YYYY-MM-DD", a month "YYYY-MM". Offsets are multiples of 15 minutes in every zone in use, which the cache relies on.
 */

const quarterHourMs = 15 * 60_000;
/** Quarters of an hour remembered per zone; a month view never asks for more than 31 × 96. */
const cachedQuartersMax = 4_096;

export type DayOf = (instantMs: number) => string;

/** A function that names the day of an instant in `timeZone`. @throws RangeError when the zone is unknown. */
export function createDayOf(timeZone: string): DayOf {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const days = new Map<number, string>();
  return (instantMs) => {
    const quarter = Math.floor(instantMs / quarterHourMs);
    const known = days.get(quarter);
    if (known !== undefined) return known;
    if (days.size >= cachedQuartersMax) days.clear();
    const day = format.format(quarter * quarterHourMs);
    days.set(quarter, day);
    return day;
  };
}

export function monthOfDay(day: string): string {
  return day.slice(0, 7);
}

export function isMonth(text: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

export function isDay(text: string): boolean {
  const match = /^(\d{4}-\d{2})-\d{2}$/.exec(text);
  return match?.[1] !== undefined && isMonth(match[1]) && daysOfMonth(match[1]).includes(text);
}

export function previousMonth(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, '0')}`;
}

export function nextMonth(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}

/** Every day of a month, in order. */
export function daysOfMonth(month: string): string[] {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: count }, (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`);
}

/** The instant at which `day` begins in `timeZone`: the first quarter of an hour that the zone calls by that day. */
export function dayStartMs(day: string, timeZone: string): number {
  const dayOf = createDayOf(timeZone);
  const utcMidnightMs = Date.parse(`${day}T00:00:00Z`);
  // Zones reach from UTC−12 to UTC+14, so the day begins between 14 h before and 12 h after midnight UTC.
  for (
    let instantMs = utcMidnightMs - 14 * 3_600_000;
    instantMs <= utcMidnightMs + 12 * 3_600_000;
    instantMs += quarterHourMs
  ) {
    if (dayOf(instantMs) >= day) return instantMs;
  }
  throw new RangeError(`no instant of ${day} in ${timeZone}`);
}

/** The minute of an instant, as milliseconds since the epoch. */
export function minuteOf(instantMs: number): number {
  return Math.floor(instantMs / 60_000) * 60_000;
}
