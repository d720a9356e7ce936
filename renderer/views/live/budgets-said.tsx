/** What was said of budgets in their running periods: the sentence with its number, and the way to where all of them stand. */
import { Link } from 'wouter';

import type { BudgetWarningRow } from '../../../shared/contract/limits-view.ts';
import { Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';

/** More than these are on the Limits screen. */
const shownMax = 3;

export function BudgetsSaid({ warnings }: { readonly warnings: readonly BudgetWarningRow[] }) {
  const newest = newestOfEach(warnings).slice(0, shownMax);
  if (newest.length === 0) return null;
  return (
    <Notice tone={newest.some(({ percent }) => percent === 100) ? 'stopped' : 'look'}>
      <ul className="flex flex-col gap-1">
        {newest.map((warning) => (
          <li key={keyOf(warning)}>
            {warning.sentence}{' '}
            <span className="text-xs whitespace-nowrap text-dim">
              said <Time at={warning.atMs} kind="minute" />
            </span>
          </li>
        ))}
      </ul>
      <Link href="/limits" className="mt-1 inline-block font-medium text-accent underline underline-offset-2">
        All budgets, and how to change them
      </Link>
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
