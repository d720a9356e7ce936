/** What was said of budgets in their running periods: the sentence with its number, and the way to where all of them stand. */
import { Link } from 'wouter';

import type { BudgetWarningRow } from '../../../shared/contract/limits-view.ts';
import { Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';

/** More than these are on the Limits screen. */
const shownMax = 3;
/** Half of a budget is worth a word when it is spent, and not the rest of the day. */
const halfShownMs = 10 * 60_000;

type BudgetsSaidProps = { readonly warnings: readonly BudgetWarningRow[]; readonly nowMs: number };

export function BudgetsSaid({ warnings, nowMs }: BudgetsSaidProps) {
  const shown = newestOfEach(warnings)
    .filter(({ percent, atMs }) => percent > 50 || nowMs - atMs < halfShownMs)
    .slice(0, shownMax);
  return (
    <>
      <Said tone="stopped" warnings={shown.filter(({ percent }) => percent === 100)} />
      <Said tone="look" warnings={shown.filter(({ percent }) => percent < 100)} />
    </>
  );
}

type SaidProps = { readonly tone: 'look' | 'stopped'; readonly warnings: readonly BudgetWarningRow[] };

function Said({ tone, warnings }: SaidProps) {
  if (warnings.length === 0) return null;
  return (
    <Notice tone={tone}>
      {warnings.map((warning) => (
        <p key={keyOf(warning)}>
          {warning.sentence}{' '}
          <span className="text-xs whitespace-nowrap text-dim">
            said <Time at={warning.atMs} kind="minute" />
          </span>{' '}
          <Link href="/limits" className="font-medium whitespace-nowrap text-accent underline underline-offset-2">
            Limits
          </Link>
        </p>
      ))}
    </Notice>
  );
}

/** Nobody needs 50 % after 80 %. The newest first, as given. */
function newestOfEach(warnings: readonly BudgetWarningRow[]): BudgetWarningRow[] {
  const seen = new Set<string>();
  return warnings.filter((warning) => {
    const key = keyOf(warning);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function keyOf({ of, whose, per }: BudgetWarningRow): string {
  return JSON.stringify([of, whose, per]);
}
