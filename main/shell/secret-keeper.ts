/**
 * The team's own keys in the desktop app: what the environment says, else what the vault keeps; given and taken while the app runs. Holds them for the engine
 * and shows them to nobody: `view` says which are known and from where. Knows no Electron.
 *
 * A vault that cannot be read any more (the keychain was reset, the file is from another machine) stops nothing: the app runs without its keys and says so,
 * and the file is put aside when a key is entered anew.
 */
import { AppError, isAppError } from '../../shared/contract/errors.ts';
import {
  noSecrets,
  secretNames,
  secretProblem,
  secretVariables,
  type SecretName,
  type Secrets,
  type SecretsView,
} from '../../shared/contract/secrets.ts';
import type { Vault } from './vault.ts';

export type SecretKeeper = {
  /** Those in use: what the environment says wins. */
  readonly secrets: () => Secrets;
  readonly view: () => SecretsView;
  /**
   * Null takes it away. The engine has been told when it resolves.
   * @throws AppError `bad_usage` for what cannot be this key, is set elsewhere or in a demo; what the vault throws. Nothing is changed then.
   */
  readonly set: (name: SecretName, value: string | null) => Promise<void>;
};

export type SecretKeeperOptions = {
  readonly vault: Vault;
  readonly environment: Secrets;
  readonly isDemo: boolean;
  /** Others are in use. */
  readonly onChange: (secrets: Secrets) => void;
};

export async function openSecretKeeper({
  vault,
  environment,
  isDemo,
  onChange,
}: SecretKeeperOptions): Promise<SecretKeeper> {
  const read = await readVault(vault);
  let { kept, trouble } = read;
  let turn: Promise<void> = Promise.resolve();

  const secrets = (): Secrets => merged(environment, kept);

  async function change(name: SecretName, value: string | null): Promise<void> {
    const next = { ...kept, [name]: value };
    if (trouble !== null) vault.setAside();
    await vault.write(next);
    kept = next;
    trouble = null;
    onChange(secrets());
  }

  return {
    secrets,
    view: () => ({
      keeper: isDemo ? 'demo' : 'vault',
      unavailable: isDemo ? null : vault.unavailable,
      trouble: isDemo ? null : trouble,
      secrets: secretNames.map((name) => ({ name, ...standing(isDemo ? null : environment[name], kept[name]) })),
    }),
    set: (name, value) => {
      // One after another, so that two at once are both kept.
      const done = turn.then(() => {
        refuse({ isDemo, environment, name, value });
        return change(name, value?.trim() ?? null);
      });
      turn = done.catch(() => {});
      return done;
    },
  };
}

type Read = { readonly kept: Secrets; readonly trouble: SecretsView['trouble'] };

async function readVault(vault: Vault): Promise<Read> {
  try {
    return { kept: await vault.read(), trouble: null };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { kept: noSecrets, trouble: { message: error.message, remedy: error.remedy } };
  }
}

function merged(environment: Secrets, kept: Secrets): Secrets {
  const { anthropicApiKey, stripeApiKey, anthropicAdminKey } = environment;
  return {
    anthropicApiKey: anthropicApiKey ?? kept.anthropicApiKey,
    stripeApiKey: stripeApiKey ?? kept.stripeApiKey,
    anthropicAdminKey: anthropicAdminKey ?? kept.anthropicAdminKey,
  };
}

function standing(said: string | null, kept: string | null): Pick<SecretsView['secrets'][number], 'source' | 'isKept'> {
  return { source: said !== null ? 'environment' : kept !== null ? 'vault' : null, isKept: kept !== null };
}

type Wish = {
  readonly isDemo: boolean;
  readonly environment: Secrets;
  readonly name: SecretName;
  readonly value: string | null;
};

function refuse({ isDemo, environment, name, value }: Wish): void {
  if (isDemo)
    throw new AppError(
      'bad_usage',
      'A demo needs no keys: Anthropic and Stripe are simulated.',
      'Start without --demo.',
    );
  // What is kept can be taken away whatever the environment says.
  if (value === null) return;
  if (environment[name] !== null)
    throw new AppError(
      'bad_usage',
      `This key is set by ${secretVariables[name]}, which wins over one that is kept.`,
      'Change it there, or unset the variable and start Tollkeeper again.',
    );
  const problem = secretProblem(name, value.trim());
  if (problem !== null) throw new AppError('bad_usage', problem.message, problem.remedy);
}
