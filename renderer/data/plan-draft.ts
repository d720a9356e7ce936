/** A metering plan while it is typed: texts where the plan has numbers, rows where it has a table. Pure. */
import { checkPlan, type PlanCheck } from '../../shared/contract/plan-view.ts';
import type { Plan } from '../../shared/contract/plan.ts';

export type MarkupDraft = { readonly id: number; readonly customer: string; readonly percent: string };

export type PlanDraft = {
  readonly kind: Plan['kind'];
  readonly markupPercent: string;
  readonly customers: readonly MarkupDraft[];
  readonly eventName: string;
  readonly eventPrefix: string;
};

export function draftOf(plan: Plan): PlanDraft {
  return {
    kind: plan.kind,
    markupPercent: String(plan.markupPercent),
    customers: Object.entries(plan.customerMarkupPercent).map(([customer, percent], id) => ({
      id,
      customer,
      percent: String(percent),
    })),
    eventName: plan.eventName,
    eventPrefix: plan.eventPrefix,
  };
}

/** Numbers that are none stay as they were typed, so that the check names their field. */
export function planOfDraft({ kind, markupPercent, customers, eventName, eventPrefix }: PlanDraft): unknown {
  const customerMarkupPercent = Object.fromEntries(
    customers.map(({ customer, percent }) => [customer.trim(), percentOf(percent)]),
  );
  return { kind, markupPercent: percentOf(markupPercent), customerMarkupPercent, eventName, eventPrefix };
}

function percentOf(text: string): number | string {
  return /^\s*\d{1,4}(?:[.,]\d{1,2})?\s*$/.test(text) ? Number(text.replace(',', '.')) : text;
}

export type DraftCheck = PlanCheck & { readonly problemOf: (key: string) => string | undefined };

/** A customer that is named twice is wrong as well: one of its markups would be lost. */
export function checkDraft(draft: PlanDraft): DraftCheck {
  const check = checkPlan(planOfDraft(draft));
  const names = draft.customers.map(({ customer }) => customer.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  const problems = [
    ...(check.kind === 'invalid' ? check.problems : []),
    ...(twice === undefined
      ? []
      : [{ path: ['customerMarkupPercent'], message: `${twice} is named twice.`, remedy: 'Leave one of them out.' }]),
  ];
  const problemOf = (key: string) => {
    const problem = problems.find(({ path }) => path[0] === key);
    return problem === undefined ? undefined : `${problem.message} ${problem.remedy}`;
  };
  return problems.length > 0 ? { kind: 'invalid', problems, problemOf } : { ...check, problemOf };
}
