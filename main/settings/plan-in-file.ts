/**
 * The metering plan as the settings file has it, and replacing it there. For the engine, and for a command where none runs. The file says which plan is
 * wanted; from when it is in force stands in the ledger.
 */
import { AppError, FieldsError } from '../../shared/contract/errors.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import { checkPlan } from '../../shared/contract/plan-view.ts';
import { planText } from '../../shared/dated-plan.ts';
import { hashText } from '../system/hash-text.ts';
import type { SettingsStore } from './store.ts';

/** Changes with every change of the plan. */
export function planRevision(inFile: Plan): string {
  return hashText(planText(inFile));
}

/** @throws FieldsError that names the fields. */
export function usablePlan(wish: unknown): Plan {
  const check = checkPlan(wish);
  if (check.kind === 'invalid') throw new FieldsError(check.problems);
  return check.plan;
}

/**
 * `revision` is that of what the change was made from; null replaces whatever is there.
 * @throws AppError `changed_meanwhile`, `bad_settings` where the file cannot be used, `engine_failed` where it cannot be written.
 */
export function savePlan(store: SettingsStore, plan: Plan, revision: string | null): void {
  store.save((file) => {
    if (revision !== null && revision !== planRevision(file.plan)) throw changedMeanwhile();
    return { plan };
  });
}

function changedMeanwhile(): AppError {
  return new AppError(
    'changed_meanwhile',
    'The plan was changed elsewhere since it was read here.',
    'Read it again, and make the change anew.',
  );
}
