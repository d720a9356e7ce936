/** The demo's far side: a simulated Anthropic at a pace that a person can watch, a simulated Stripe that is set up, and who is billed. */
import type { Settings } from '../../shared/contract/settings.ts';
import type { Clock } from '../system/clock.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from './anthropic-server.ts';
import { startSandboxStripe, type SandboxStripe } from './stripe-server.ts';

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

export async function startDemoFarSide(settings: Settings, clock: Clock): Promise<DemoFarSide> {
  const anthropic = await startSandboxAnthropic({ clock, delayPerDeltaMs });
  const stripe = await startSandboxStripe({ clock });
  stripe.seed({ eventName: settings.plan.eventName, customers: Object.values(demoCustomers.projects) });
  return {
    anthropic,
    stripe,
    settings: {
      ...settings,
      teamName: 'Demo team',
      upstream: anthropic.url,
      stripeApiBase: stripe.url,
      customers: demoCustomers,
    },
    stripeApiKey: 'sk_test_demo',
    close: async () => {
      await anthropic.close();
      await stripe.close();
    },
  };
}
