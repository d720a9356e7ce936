/** What the tray says: today's spend, and what is not in it. Pure. */
import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { sumInWords } from '../../shared/spend-words.ts';

export type TrayText = {
  /** Beside the icon, where the system has room for words (macOS). */
  readonly title: string;
  readonly tooltip: string;
  /** The line of the menu; changes only with the money, since a new menu closes one that is open. */
  readonly menuLine: string;
};

export function trayText(snapshot: LiveSnapshot | null): TrayText {
  if (snapshot === null) return { title: '', tooltip: 'Tollkeeper is starting', menuLine: 'Starting…' };
  const { calls } = snapshot.today;
  const spend = sumInWords(snapshot.today);
  const demo = snapshot.isDemo ? ' (demo data)' : '';
  return {
    title: `${spend} today`,
    tooltip: `Tollkeeper: ${spend} today, ${calls} ${calls === 1 ? 'call' : 'calls'}${demo}`,
    menuLine: `Today: ${spend}${demo}`,
  };
}
