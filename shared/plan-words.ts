/** A metering plan in plain sentences: what Stripe is told, and what a change of it does. Pure; instants come as words. */
import type { DatedPlan, Plan } from './contract/plan.ts';
import type { PlanFacts } from './contract/plan-view.ts';
import { formatUsd } from './money.ts';
import { isSamePlan } from './dated-plan.ts';
import { metersOf } from './plan-meters.ts';

export const planKindWords: Readonly<Record<Plan['kind'], string>> = {
  cost: 'Cost',
  tokens: 'Tokens',
  'tokens-by-model': 'Tokens of each model',
};

/** What Stripe is told of a call. */
export function planSentence(plan: Plan): string {
  switch (plan.kind) {
    case 'cost':
      return `Stripe is told what each call costs in micro-dollars, ${markupWords(plan)}. One meter: ${plan.eventName}.`;
    case 'tokens':
      return `Stripe is told how many tokens of each class a call has, on six meters that begin with ${plan.eventPrefix}_. Stripe’s own prices make the bill; here the tokens are shown as worth their cost, ${markupWords(plan)}.`;
    case 'tokens-by-model':
      return `Stripe is told how many tokens of each class a call has of each model, on six meters a model that begin with ${plan.eventPrefix}_. Stripe’s own prices make the bill; here the tokens are shown as worth their cost, ${markupWords(plan)}.`;
  }
}

const customersNamedMax = 5;

/** "with 20 % added (5 % for cus_a)", "with nothing added". */
export function markupWords({
  markupPercent,
  customerMarkupPercent,
}: Pick<Plan, 'markupPercent' | 'customerMarkupPercent'>): string {
  const own = Object.entries(customerMarkupPercent);
  const named = own.slice(0, customersNamedMax).map(([customer, percent]) => `${percent} % for ${customer}`);
  const more = own.length > customersNamedMax ? [`${own.length - customersNamedMax} more of their own`] : [];
  const all = markupPercent === 0 ? 'with nothing added' : `with ${markupPercent} % added`;
  return own.length === 0 ? all : `${all} (${[...named, ...more].join(', ')})`;
}

export type PlanChange = {
  readonly before: DatedPlan;
  /** One that was set and has not begun: the change takes its place. */
  readonly next: DatedPlan | null;
  readonly wish: Plan;
  /** When the change would be in force, in words: "from 10:42 on". */
  readonly fromWords: string;
  readonly facts: Pick<PlanFacts, 'waiting' | 'models'>;
};

/** What will happen, before it does. One sentence each; none when nothing would change. */
export function planChangeSentences({ before, next, wish, fromWords, facts }: PlanChange): string[] {
  if (isSamePlan(wish, next?.plan ?? before.plan)) return [];
  if (next !== null && isSamePlan(wish, before.plan))
    return ['The change that was set and has not begun is dropped; the plan in force stays.'];
  return [
    `Calls that start ${fromWords} are counted under the new plan. ${planSentence(wish)}`,
    'Calls that started before, also those that end, are corrected or are released later, are counted under the plan of their own time.',
    ...(next === null ? [] : ['It takes the place of the change that was set and has not begun.']),
    ...waitingSentence(facts.waiting),
    ...metersSentence(before.plan, wish, facts.models),
  ];
}

function waitingSentence(waiting: PlanFacts['waiting']): string[] {
  const events = waiting.reduce((sum, meter) => sum + meter.events, 0);
  if (events === 0) return [];
  const worth = waiting.reduce((sum, meter) => sum + meter.worthNanoUsd, 0);
  const [verb, whose] = events === 1 ? ['event waits', 'it keeps its'] : ['events wait', 'they keep their'];
  return [`${events.toLocaleString('en-US')} sealed ${verb}, worth ${formatUsd(worth)}: ${whose} meter and amount.`];
}

function metersSentence(before: Plan, wish: Plan, models: readonly string[]): string[] {
  const known = new Set(metersOf(before, models).map(({ eventName }) => eventName));
  const needed = metersOf(wish, models).filter(({ eventName }) => !known.has(eventName));
  if (needed.length === 0) return [];
  const [first] = needed;
  const names = needed.length === 1 ? `the meter ${first?.eventName}` : `${needed.length} meters`;
  return [
    `Stripe needs ${names} before the first event of the new plan is sent; the set-up (tollkeeper stripe setup) makes what is missing. Until then the events wait or are refused, and nothing is lost.`,
  ];
}
