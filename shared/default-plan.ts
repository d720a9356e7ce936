/**
 * What a metering plan is where nothing else is said: the cost, passed through. Data alone, so that it can be had without the schema (shared/contract/plan.ts
 * takes its defaults from here): the ledger's threads load no zod.
 */
const noMarkups: Readonly<Record<string, number>> = {};

export const defaultPlan = {
  kind: 'cost',
  markupPercent: 0,
  customerMarkupPercent: noMarkups,
  eventName: 'tollkeeper_cost_micro_usd',
  eventPrefix: 'tollkeeper_tokens',
} as const;
