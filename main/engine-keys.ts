/** The keys that an engine knows: those it gave its members, and the team's own, which takes their place on the way to Anthropic. */
import type { EngineOptions } from './engine-options.ts';
import { isMemberKey } from './proxy/headers.ts';
import type { MemberKeyBook } from './proxy/member-key.ts';
import { openMemberKeys, type MemberKeys } from './settings/member-keys.ts';

type EngineKeys = {
  /** For the screens and the command line; without the team's key. */
  readonly keys: MemberKeys & { readonly hasAnthropicKey: boolean };
  /** For the proxy. */
  readonly memberKeys: MemberKeyBook;
};

/** @throws AppError `bad_settings` that names the file. */
export function openEngineKeys({ home, clock, ids, secrets: { anthropicApiKey } }: EngineOptions): EngineKeys {
  const keys = openMemberKeys(home, { clock, ids });
  // A member key in our own environment would be exchanged for itself.
  const hasAnthropicKey = anthropicApiKey !== null && !isMemberKey(anthropicApiKey);
  return { keys: { ...keys, hasAnthropicKey }, memberKeys: { find: keys.find, anthropicApiKey } };
}
