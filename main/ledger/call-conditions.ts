/**
 * The filters of the Calls screen as SQL conditions, in two parts: the stretch of time, which the index serves, and everything else.
 * Values are always bound, never written into the text.
 */
import type { CallsQuery } from '../../shared/contract/api.ts';

export type Conditions = { readonly sql: string; readonly values: readonly (string | number)[] };
export type CallsFilter = Omit<CallsQuery, 'cursor' | 'limit'>;

const hourMs = 3_600_000;

/** Days are those of the ledger's zone. Zones reach from UTC−12 to UTC+14: within these instants the index finds them, whatever the zone. */
export function rangeConditions({ from, to }: Pick<CallsFilter, 'from' | 'to'>): Conditions {
  const parts: [string, ...(string | number)[]][] = [];
  if (from !== undefined) parts.push(['day >= ? AND started_at_ms >= ?', from, firstInstantMs(from)]);
  if (to !== undefined) parts.push(['day <= ? AND started_at_ms < ?', to, startOf(to) + 36 * hourMs]);
  return joined(parts);
}

/** The earliest that the day can begin in any zone. */
export function firstInstantMs(day: string): number {
  return startOf(day) - 14 * hourMs;
}

/** A day that the calendar does not have (31 November) is the one after the last. */
function startOf(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return Date.UTC(year, month - 1, date);
}

export function otherConditions(query: CallsFilter): Conditions {
  const parts: [string, ...(string | number)[]][] = [];
  const { member, project, conversation, client, user, model, status, book, reason } = query;
  // An empty filter value asks for the calls that have none.
  for (const [column, value] of Object.entries({ member, project, conversation, client, client_user: user })) {
    if (value === '') parts.push([`${column} IS NULL`]);
    else if (value !== undefined) parts.push([`${column} = ?`, value]);
  }
  if (model !== undefined) parts.push(["COALESCE(model, requested_model, '') = ?", model]);
  if (book !== undefined) parts.push(['price_book = ?', book]);
  if (reason !== undefined) parts.push(['unpriced_reason = ?', reason]);
  if (status === 'unpriced') parts.push(['cost_nano_usd IS NULL']);
  else if (status === 'estimated') parts.push(['is_estimated = 1']);
  else if (status === 'corrected') parts.push(['revision > 1']);
  else if (status !== undefined) parts.push(['status = ?', status]);
  return joined(parts);
}

/** No condition is one that always holds. */
function joined(parts: readonly [string, ...(string | number)[]][]): Conditions {
  return {
    sql: parts.length === 0 ? '1' : parts.map(([sql]) => sql).join(' AND '),
    values: parts.flatMap(([, ...values]) => values),
  };
}
