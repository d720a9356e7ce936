/** The plain sentence beside each figure that is being typed: what it means, and what it would stop. Pure. */
import type { BudgetRow } from '../../../shared/contract/limits-view.ts';
import type { BudgetPeriod } from '../../../shared/contract/limits.ts';
import { formatUsd, nanoUsdPerCent } from '../../../shared/money.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import { readTokens, readUsd } from '../../../shared/read-amount.ts';
import type { BudgetDraft, Figure, SwitchName } from '../../data/limits-draft.ts';

export function contextWords({ kind, text }: Figure): string {
  if (kind === 'none') return 'A prompt may be as long as its model allows.';
  const tokens = readTokens(text);
  if (tokens === null || tokens === 0) return 'Tokens that a prompt may hold before it is stopped.';
  return `${capital(tokensInWords(tokens))}. A longer prompt is stopped before it is sent; warned at 50, 75 and 90 %.`;
}

/** `meanNanoUsd`: what a call came to on average this month; null where there is none to go by. */
export function ceilingWords({ kind, text }: Figure, meanNanoUsd: number | null): string {
  if (kind === 'none') return 'A call may cost whatever it costs.';
  const usd = readUsd(text);
  const stops = 'A call that is expected to cost more is stopped before it is sent.';
  if (usd === null || usd === 0 || meanNanoUsd === null || meanNanoUsd <= 0) return stops;
  const times = (usd * 1_000_000_000) / meanNanoUsd;
  const than =
    times >= 2 ? `${Math.round(times).toLocaleString('en-US')} times as much as` : 'not even twice as much as';
  return `${capital(than)} a call costs on average this month, ${formatUsd(meanNanoUsd, 3)}. ${stops}`;
}

const daysPerMonth = 30;

/** The same amount in the other measure, and how much of it is gone. */
export function budgetWords(budget: BudgetDraft, rows: readonly BudgetRow[]): string {
  const usd = readUsd(budget.usd);
  if (usd === null || usd === 0) return '–';
  const { per, isOne, of, name } = budget;
  const other = `${about[per]} ${formatUsd(centsOf(usd * (per === 'day' ? daysPerMonth : 1 / daysPerMonth)))} ${otherPeriod[per]}`;
  const whose = of === 'team' ? null : name.trim();
  const row =
    of === 'team' || isOne ? rows.find((one) => one.of === of && one.whose === whose && one.per === per) : undefined;
  return row === undefined ? other : `${other}; ${formatUsd(row.spentNanoUsd)} spent so far`;
}

const about: Readonly<Record<BudgetPeriod, string>> = { day: 'up to', month: 'about' };
const otherPeriod: Readonly<Record<BudgetPeriod, string>> = { day: `in ${daysPerMonth} days`, month: 'a day' };

/** Whole cents, as nano-USD. */
function centsOf(usd: number): number {
  return Math.round(usd * 100) * nanoUsdPerCent;
}

export const switchWords: Readonly<Record<SwitchName, { readonly label: string; readonly sentence: string }>> = {
  cutsMidStream: {
    label: 'Cut an answer in mid-stream',
    sentence: 'When its running cost passes the call ceiling. What came until then is paid for and stays.',
  },
  drainOnAbort: {
    label: 'Read on when a client leaves',
    sentence:
      'Its counts are exact then, and output that nobody reads is paid for. Off ends the call and saves the money.',
  },
  hasWarningHeader: {
    label: 'Warn in a header of the answer',
    sentence: 'x-tollkeeper-warning, the only header Tollkeeper adds.',
  },
  asksCountTokens: {
    label: 'Ask Anthropic to count near the limit',
    sentence: 'Within a tenth of the context limit the exact count decides; asking is free. Off, the estimate decides.',
  },
};

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
