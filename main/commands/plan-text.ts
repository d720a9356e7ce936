/** The metering plan for a terminal: what Stripe is told, since when, what comes next, and what was before. Times are UTC. Pure. */
import type { DatedPlan, Plan } from '../../shared/contract/plan.ts';
import type { PlanView } from '../../shared/contract/plan-view.ts';
import { isSamePlan } from '../../shared/dated-plan.ts';
import { planChangeSentences, planKindWords, planSentence } from '../../shared/plan-words.ts';
import { layOut } from './table.ts';

export function planText({ inForce, next, plans, inFile, waiting }: PlanView): string[] {
  const wanted = next ?? inForce;
  const isDated = plans.length === 0 || inFile === null || isSamePlan(wanted.plan, inFile);
  return [
    `${planKindWords[inForce.plan.kind]}, ${sinceWords(inForce)}. ${planSentence(inForce.plan)}`,
    ...(next === null ? [] : [`${fromWords(next.fromMs)}: ${planSentence(next.plan)}`]),
    ...(isDated
      ? []
      : [`The settings file wants another plan; it is in force from the next start on: ${planSentence(inFile)}`]),
    ...waitingText(waiting),
    ...historyText(plans, inForce),
  ];
}

/** What a change does; one sentence that nothing changes where it is the plan already. */
export function planChangeText({ inForce, next, plans, changeFromMs, ...facts }: PlanView, wish: Plan): string[] {
  const from = plans.length === 0 ? 'from the beginning on' : `from ${minuteText(changeFromMs)} UTC on`;
  const sentences = planChangeSentences({ before: inForce, next, wish, fromWords: from, facts });
  return sentences.length === 0 ? ['That is the plan already; nothing is changed.'] : sentences;
}

function waitingText(waiting: PlanView['waiting']): string[] {
  if (waiting.length === 0) return [];
  const events = waiting.reduce((sum, meter) => sum + meter.events, 0);
  return [
    `${events.toLocaleString('en-US')} sealed ${events === 1 ? 'event waits' : 'events wait'}: see \`tollkeeper sync\`.`,
  ];
}

/** Only where there was another one. */
function historyText(plans: readonly DatedPlan[], inForce: DatedPlan): string[] {
  const earlier = plans.filter(({ fromMs }) => fromMs < inForce.fromMs);
  if (earlier.length === 0) return [];
  const rows = earlier
    .toReversed()
    .map(({ fromMs, plan }) => [
      fromMs === 0 ? 'the beginning' : minuteText(fromMs),
      planKindWords[plan.kind],
      planSentence(plan),
    ]);
  return ['', 'Before:', ...layOut([left('from (UTC)'), left('plan'), left('what Stripe was told')], rows)];
}

const left = (title: string) => ({ title, align: 'left' }) as const;

function sinceWords({ fromMs }: DatedPlan): string {
  return fromMs === 0 ? 'from the beginning' : `since ${minuteText(fromMs)} UTC`;
}

function fromWords(fromMs: number): string {
  return `From ${minuteText(fromMs)} UTC on`;
}

function minuteText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}
