/** What the environment says about settings and secrets (`TOLLKEEPER_<NAME>`, `ANTHROPIC_API_KEY`, `STRIPE_API_KEY`). Pure. */
import { AppError } from '../../shared/contract/errors.ts';
import type { SettingsOverrides } from './store.ts';
import type { Environment } from '../system/home-folder.ts';

export function settingsOf(env: Environment): SettingsOverrides {
  return {
    port: numberOf(env, 'TOLLKEEPER_PORT'),
    uiPort: numberOf(env, 'TOLLKEEPER_UI_PORT'),
    upstream: textOf(env, 'TOLLKEEPER_UPSTREAM'),
    stripeApiBase: textOf(env, 'TOLLKEEPER_STRIPE_API_BASE'),
    contextLimit: numberOf(env, 'TOLLKEEPER_CONTEXT_LIMIT'),
    timeZone: textOf(env, 'TOLLKEEPER_TIME_ZONE'),
    member: textOf(env, 'TOLLKEEPER_MEMBER'),
    project: textOf(env, 'TOLLKEEPER_PROJECT'),
    customer: textOf(env, 'TOLLKEEPER_CUSTOMER'),
  };
}

export type Secrets = { readonly anthropicApiKey: string | null; readonly stripeApiKey: string | null };

export function secretsOf(env: Environment): Secrets {
  return {
    anthropicApiKey: textOf(env, 'ANTHROPIC_API_KEY') ?? null,
    stripeApiKey: textOf(env, 'STRIPE_API_KEY') ?? null,
  };
}

function textOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** @throws AppError `bad_settings` that names the variable. */
function numberOf(env: Environment, name: string): number | undefined {
  const text = textOf(env, name);
  return text === undefined ? undefined : wholeNumber(text, `The variable ${name}`);
}

export function wholeNumber(text: string, what: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError(
    'bad_usage',
    `${what} is not a whole number: "${text}".`,
    'Give a number such as 4141; 0 picks a free port.',
  );
}
