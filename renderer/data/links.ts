/** Addresses of filtered lists, made in one place so that every figure leads to exactly the calls that it is made of. Pure. */
import { daysOfMonth } from '../../shared/period.ts';
import type { CallFilters } from './api.ts';

export function callsLink(filters: CallFilters): string {
  return `/calls?${new URLSearchParams(filters)}`;
}

/** The first and the last day of a month, as filters. */
export function daysOf(month: string): { readonly from: string; readonly to: string } {
  const days = daysOfMonth(month);
  return { from: days[0] ?? `${month}-01`, to: days.at(-1) ?? `${month}-28` };
}
