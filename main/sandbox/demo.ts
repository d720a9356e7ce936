/** The demo's far side: a simulated Anthropic at a pace that a person can watch, a simulated Stripe that is set up, who is billed, and the team's budgets. */
import type { z } from 'zod';

import { planKinds } from '../../shared/contract/plan.ts';
import { budgetSchema } from '../../shared/contract/limits.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import type { Clock } from '../system/clock.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from './anthropic-server.ts';
import { teamModels } from './team-members.ts';
import { startSandboxStripe, type SandboxStripe } from './stripe-server.ts';
import type { SandboxCustomer } from './stripe-state.ts';

export type DemoFarSide = {
  readonly anthropic: SandboxAnthropic;
  readonly stripe: SandboxStripe;
  /** The given settings, pointed at the far side. */
  readonly settings: Settings;
  readonly stripeApiKey: string;
  readonly close: () => Promise<void>;
};

/** Some 60 to 200 deltas an answer: a stream lasts three to eight seconds. */
const delayPerDeltaMs = 60;

/** Research has no customer on purpose: the Stripe screen says what is billed to nobody. */
const demoCustomers = { projects: { webshop: 'cus_demo_webshop', ops: 'cus_demo_ops' }, members: {} };

/** The institute is there to be picked for research. */
const demoAccount: readonly SandboxCustomer[] = [
  { id: 'cus_demo_institute', name: 'Institute of Applied Research', email: 'accounts@institute.example' },
  { id: 'cus_demo_ops', name: 'Northwind Operations', email: 'billing@northwind.example' },
  { id: 'cus_demo_webshop', name: 'Alpine Webshop Ltd', email: 'billing@alpine.example' },
];

/**
 * The team spends some $50 an hour, a quarter of it on research, whose budget is half spent after two minutes and spent after four; the others last for hours.
 */
const demoBudgets: readonly z.input<typeof budgetSchema>[] = [
  { of: 'team', per: 'month', usd: 1_000 },
  { of: 'member', per: 'day', usd: 150 },
  { of: 'project', name: 'webshop', per: 'day', usd: 250 },
  { of: 'project', name: 'research', per: 'day', usd: 1 },
];

/** Those that somebody has set in the demo's home are theirs. */
function withBudgets(limits: Settings['limits']): Settings['limits'] {
  return limits.budgets.length > 0 ? limits : { ...limits, budgets: budgetSchema.array().parse(demoBudgets) };
}

export async function startDemoFarSide(settings: Settings, clock: Clock): Promise<DemoFarSide> {
  const anthropic = await startSandboxAnthropic({ clock, delayPerDeltaMs });
  const stripe = await startSandboxStripe({ clock });
  // The meters of every plan, so that the plan can be changed.
  const plans = planKinds.map((kind) => ({ ...settings.plan, kind }));
  for (const { eventName } of plans.flatMap((plan) => metersOf(plan, teamModels)))
    stripe.seed({ eventName, customers: [] });
  for (const customer of demoAccount) stripe.state.customers.set(customer.id, customer);
  return {
    anthropic,
    stripe,
    settings: {
      ...settings,
      teamName: 'Demo team',
      upstream: anthropic.url,
      stripeApiBase: stripe.url,
      customers: demoCustomers,
      limits: withBudgets(settings.limits),
    },
    stripeApiKey: 'sk_test_demo',
    close: async () => {
      await anthropic.close();
      await stripe.close();
    },
  };
}
