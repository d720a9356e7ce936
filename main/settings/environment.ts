/** What the environment says about settings and secrets (`TOLLKEEPER_<NAME>`, `ANTHROPIC_API_KEY` and its kin). Pure. */
import { homedir } from 'node:os';

import { AppError } from '../../shared/contract/errors.ts';
import { secretVariables, type Secrets } from '../../shared/contract/secrets.ts';
import type { ProxyVariables } from './proxy-choice.ts';
import type { SettingsOverrides } from './store.ts';
import type { Environment } from '../system/home-folder.ts';

/** The variables that win over a limit of the settings file. */
export const limitVariables = {
  contextLimitTokens: 'TOLLKEEPER_CONTEXT_LIMIT',
  callCeilingUsd: 'TOLLKEEPER_CALL_CEILING_USD',
  drainOnAbort: 'TOLLKEEPER_DRAIN_ON_ABORT',
} as const;

export function settingsOf(env: Environment): SettingsOverrides {
  return {
    port: numberOf(env, 'TOLLKEEPER_PORT'),
    uiPort: numberOf(env, 'TOLLKEEPER_UI_PORT'),
    upstream: textOf(env, 'TOLLKEEPER_UPSTREAM'),
    upstreamTimeoutSeconds: numberOf(env, 'TOLLKEEPER_UPSTREAM_TIMEOUT_SECONDS'),
    upstreamCaFile: textOf(env, 'TOLLKEEPER_UPSTREAM_CA_FILE'),
    allowedHosts: listOf(env, 'TOLLKEEPER_ALLOWED_HOSTS'),
    allowedOrigins: listOf(env, 'TOLLKEEPER_ALLOWED_ORIGINS'),
    stripeApiBase: textOf(env, 'TOLLKEEPER_STRIPE_API_BASE'),
    stripeStream: switchOf(env, 'TOLLKEEPER_STRIPE_STREAM'),
    limits: {
      contextLimitTokens: limitOf(env, limitVariables.contextLimitTokens, wholeNumber),
      callCeilingUsd: limitOf(env, limitVariables.callCeilingUsd, dollars),
    },
    timeZone: textOf(env, 'TOLLKEEPER_TIME_ZONE'),
    member: textOf(env, 'TOLLKEEPER_MEMBER'),
    project: textOf(env, 'TOLLKEEPER_PROJECT'),
    customer: textOf(env, 'TOLLKEEPER_CUSTOMER'),
    watchTranscripts: switchOf(env, 'TOLLKEEPER_WATCH_TRANSCRIPTS'),
    drainOnAbort: switchOf(env, limitVariables.drainOnAbort),
  };
}

/** Where Claude Code keeps its transcripts on this machine; `folder` null means the usual places. */
export function transcriptPlacesOf(env: Environment, userHome = homedir()) {
  return {
    folder: null,
    configFolders: textOf(env, 'CLAUDE_CONFIG_DIR') ?? null,
    homeFolder: textOf(env, 'HOME') ?? userHome,
  };
}

export function secretsOf(env: Environment): Secrets {
  return {
    anthropicApiKey: textOf(env, secretVariables.anthropicApiKey) ?? null,
    stripeApiKey: textOf(env, secretVariables.stripeApiKey) ?? null,
    anthropicAdminKey: textOf(env, secretVariables.anthropicAdminKey) ?? null,
  };
}

function textOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** As `curl` and most clients have them: the lower-case name wins where both are set. */
export function proxiesOf(env: Environment): ProxyVariables {
  const either = (name: string) => textOf(env, name.toLowerCase()) ?? textOf(env, name) ?? null;
  return { httpProxy: either('HTTP_PROXY'), httpsProxy: either('HTTPS_PROXY'), noProxy: either('NO_PROXY') };
}

/** Parted by commas. */
function listOf(env: Environment, name: string): string[] | undefined {
  const parts = textOf(env, name)?.split(',');
  return parts?.map((part) => part.trim()).filter((part) => part !== '');
}

/** @throws AppError `bad_usage` that names the variable. */
function switchOf(env: Environment, name: string): boolean | undefined {
  const text = textOf(env, name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (['1', 'true', 'on', 'yes'].includes(text)) return true;
  if (['0', 'false', 'off', 'no'].includes(text)) return false;
  throw new AppError('bad_usage', `The variable ${name} is neither on nor off: "${text}".`, 'Set it to 1 or 0.');
}

/** @throws AppError `bad_settings` that names the variable. */
function numberOf(env: Environment, name: string): number | undefined {
  const text = textOf(env, name);
  return text === undefined ? undefined : wholeNumber(text, `The variable ${name}`);
}

/** Null for "off": no limit. @throws AppError `bad_usage` that names the variable. */
function limitOf(env: Environment, name: string, read: (text: string, what: string) => number) {
  const text = textOf(env, name);
  if (text === undefined) return undefined;
  return text.toLowerCase() === 'off' ? null : read(text, `The variable ${name}`);
}

function dollars(text: string, what: string): number {
  if (/^\d{1,7}(\.\d{1,2})?$/.test(text)) return Number(text);
  throw new AppError(
    'bad_usage',
    `${what} is not an amount in dollars: "${text}".`,
    'Give one such as 12.50, or "off" for no ceiling.',
  );
}

export function wholeNumber(text: string, what: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError(
    'bad_usage',
    `${what} is not a whole number: "${text}".`,
    'Give a number such as 4141; 0 picks a free port.',
  );
}
