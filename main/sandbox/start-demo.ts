/**
 * A demo, whoever hosts it: the simulated far side, an engine that is pointed at it, and the team at work. The engine is started by the function
 * that is given, since the sandbox knows no engine.
 */
import type { Secrets } from '../../shared/contract/secrets.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import type { WaitingOutbox } from '../../shared/quit-words.ts';
import type { Clock } from '../system/clock.ts';
import type { Ids } from '../system/ids.ts';
import { startDemoFarSide } from './demo.ts';
import { startDemoTeam } from './team-work.ts';

export type DemoOptions = {
  readonly settings: Settings;
  readonly settingsStore: { readonly save: (change: (inFile: Settings) => Partial<Settings>) => unknown };
  readonly clock: Clock;
  readonly ids: Ids;
};

type RunningEngine = {
  readonly proxyUrl: string;
  readonly dashboardUrl: string;
  readonly close: () => Promise<WaitingOutbox>;
};
type Pointed<Options> = Options & { readonly secrets: Secrets; readonly isDemo: true };

/** @throws what `start` throws, after the far side is closed again. */
export async function startDemo<Options extends DemoOptions, Running extends RunningEngine>(
  options: Options,
  start: (pointed: Pointed<Options>) => Promise<Running>,
): Promise<Running> {
  const { clock, ids } = options;
  const farSide = await startDemoFarSide(options.settings, clock);
  try {
    keepInFile(options, farSide.settings);
    // So that member keys can be tried; the simulated Anthropic takes any key.
    const secrets = { anthropicApiKey: 'sk-ant-demo', stripeApiKey: farSide.stripeApiKey, anthropicAdminKey: null };
    const engine = await start({ ...options, settings: farSide.settings, secrets, isDemo: true });
    const team = startDemoTeam({ proxyUrl: engine.proxyUrl, clock, fraction: ids.fraction });
    const close = async () => {
      await team.close();
      const last = await engine.close();
      await farSide.close();
      return last;
    };
    return { ...engine, close };
  } catch (error) {
    await farSide.close();
    throw error;
  }
}

/**
 * Budgets and customers that the demo brings stand in its settings file like any others, where they are changed and from where they are read again. Customers of
 * the last demo ended with its account.
 */
function keepInFile({ settings, settingsStore }: DemoOptions, { customers, limits: { budgets } }: Settings): void {
  const brought = JSON.stringify({ customers, budgets });
  if (brought === JSON.stringify({ customers: settings.customers, budgets: settings.limits.budgets })) return;
  settingsStore.save(({ limits }) => ({ customers, limits: { ...limits, budgets } }));
}
