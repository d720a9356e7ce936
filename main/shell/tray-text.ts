/** What the tray says: today's spend, and what is not in it. Pure. */
import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { formatUsd } from '../../shared/money.ts';

export type TrayText = { readonly title: string; readonly tooltip: string };

export function trayText(snapshot: LiveSnapshot | null): TrayText {
  if (snapshot === null) return { title: '', tooltip: 'Tollkeeper is starting' };
  const { costNanoUsd, unpricedCalls, calls } = snapshot.today;
  const spend = formatUsd(costNanoUsd);
  const unpriced = unpricedCalls === 0 ? '' : ` + ${unpricedCalls} unpriced`;
  const demo = snapshot.isDemo ? ' (demo data)' : '';
  return { title: spend, tooltip: `Tollkeeper: ${spend}${unpriced} today, ${calls} calls${demo}` };
}
