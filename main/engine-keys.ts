/** The keys that an engine knows: those it gave its members, and the team's own, which takes their place on the way to Anthropic. */
import { AppError } from '../shared/contract/errors.ts';
import { secretNames, type SecretsView } from '../shared/contract/secrets.ts';
import type { EngineOptions } from './engine-options.ts';
import { isMemberKey } from './proxy/headers.ts';
import type { MemberKeyBook } from './proxy/member-key.ts';
import { openMemberKeys, type MemberKeys } from './settings/member-keys.ts';

type EngineKeys = {
  /** For the screens and the command line; without any key of the team's. */
  readonly seen: {
    readonly keys: MemberKeys & { readonly hasAnthropicKey: boolean };
    readonly secrets: { readonly view: () => SecretsView };
  };
  /** For the proxy, which asks for each call. */
  readonly memberKeys: MemberKeyBook;
  /** Another key of the team's, from the next call on. */
  readonly useAnthropicKey: (anthropicApiKey: string | null) => void;
};

/** @throws AppError `bad_settings` that names the file. */
export function openEngineKeys(options: EngineOptions): EngineKeys {
  const { home, clock, ids } = options;
  let { anthropicApiKey } = options.secrets;
  const keys = openMemberKeys(home, { clock, ids });
  return {
    seen: {
      keys: {
        ...keys,
        get hasAnthropicKey() {
          // A member key in our own environment would be exchanged for itself.
          return anthropicApiKey !== null && !isMemberKey(anthropicApiKey);
        },
      },
      secrets: { view: () => secretsView(options) },
    },
    memberKeys: {
      find: keys.find,
      get anthropicApiKey() {
        return anthropicApiKey;
      },
    },
    useAnthropicKey: (next) => {
      anthropicApiKey = next;
    },
  };
}

/** @throws AppError where the desktop app has the keys: it answers for itself. */
function secretsView({ secrets, secretsKeeper, isDemo }: EngineOptions): SecretsView {
  if (secretsKeeper === 'vault' && !isDemo)
    throw new AppError('not_found', 'The desktop app keeps the team’s keys.', 'See its Keys screen.');
  return {
    keeper: isDemo ? 'demo' : 'environment',
    unavailable: null,
    trouble: null,
    secrets: secretNames.map((name) => ({
      name,
      source: isDemo || secrets[name] === null ? null : 'environment',
      isKept: false,
    })),
  };
}
