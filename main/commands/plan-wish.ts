/** What `tollkeeper plan set` asks for, as the plan that it comes to; what is not named stays. Pure. @throws AppError `bad_usage` that names the flag. */
import { AppError } from '../../shared/contract/errors.ts';
import { planKinds, type Plan } from '../../shared/contract/plan.ts';

export type PlanFlags = {
  readonly markup?: string;
  /** `cus_…=12.5`, or `cus_…=default` for none of its own; may be given several times. */
  readonly markupFor?: readonly string[];
  readonly eventName?: string;
  readonly eventPrefix?: string;
};

export function withPlanFlags(before: Plan, kind: string | undefined, flags: PlanFlags): Plan {
  const { markup, markupFor = [], eventName, eventPrefix } = flags;
  if ([kind, markup, eventName, eventPrefix].every((said) => said === undefined) && markupFor.length === 0)
    throw new AppError(
      'bad_usage',
      'Nothing is said that could be set.',
      'Name a plan (cost, tokens, tokens-by-model) or a markup, or see `tollkeeper plan set --help`.',
    );
  return {
    ...before,
    ...(kind === undefined ? {} : { kind: kindOf(kind) }),
    ...(markup === undefined ? {} : { markupPercent: percentOf(markup, '--markup') }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(eventPrefix === undefined ? {} : { eventPrefix }),
    customerMarkupPercent: withMarkups(before.customerMarkupPercent, markupFor),
  };
}

function kindOf(text: string): Plan['kind'] {
  const kind = planKinds.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new AppError('bad_usage', `There is no plan "${text}".`, 'Name cost, tokens or tokens-by-model.');
}

const asForAll = 'default';

function withMarkups(before: Plan['customerMarkupPercent'], wishes: readonly string[]): Plan['customerMarkupPercent'] {
  const markups = new Map(Object.entries(before));
  for (const wish of wishes) {
    const [customer = '', percent = '', ...more] = wish.split('=');
    if (customer === '' || percent === '' || more.length > 0)
      throw new AppError('bad_usage', `--markup-for is not understood: "${wish}".`, 'Give it as cus_123=12.5.');
    if (percent === asForAll) markups.delete(customer);
    else markups.set(customer, percentOf(percent, '--markup-for'));
  }
  return Object.fromEntries(markups);
}

function percentOf(text: string, flag: string): number {
  if (/^\d{1,4}(?:\.\d{1,2})?$/.test(text.trim())) return Number(text);
  throw new AppError(
    'bad_usage',
    `${flag} is no percentage: "${text}".`,
    'Give one from 0 to 1000 with at most two decimals, such as 12.5.',
  );
}
