/**
 * The team's own keys: which are known and from where (`GET /api/secrets`), and giving or taking one (`PUT` and `DELETE /api/secrets/:name`), which the desktop
 * app answers itself, since the system's keychain is there; an engine without it says what to set instead. No answer holds a key.
 */
import { z } from 'zod';

import type { FieldProblem } from './errors.ts';

export const secretNames = ['anthropicApiKey', 'stripeApiKey', 'anthropicAdminKey'] as const;
export type SecretName = (typeof secretNames)[number];

/** The variable that says it, and wins over what is kept. */
export const secretVariables: Readonly<Record<SecretName, string>> = {
  anthropicApiKey: 'ANTHROPIC_API_KEY',
  stripeApiKey: 'STRIPE_API_KEY',
  anthropicAdminKey: 'ANTHROPIC_ADMIN_KEY',
};

export const secretsSchema = z.strictObject({
  anthropicApiKey: z.string().nullable(),
  stripeApiKey: z.string().nullable(),
  anthropicAdminKey: z.string().nullable(),
});
export type Secrets = z.infer<typeof secretsSchema>;

export const noSecrets: Secrets = { anthropicApiKey: null, stripeApiKey: null, anthropicAdminKey: null };

/** Who has them: the system's keychain, this process's environment, or nobody, since a demo needs none. */
export const secretKeepers = ['vault', 'environment', 'demo'] as const;

export const secretsViewSchema = z.object({
  keeper: z.enum(secretKeepers),
  /** Why the keychain keeps none, in one sentence; null where it does, and where there is no question of it. */
  unavailable: z.string().nullable(),
  /** What was kept and cannot be read any more. */
  trouble: z.object({ message: z.string(), remedy: z.string() }).nullable(),
  secrets: z.array(
    z.object({
      name: z.enum(secretNames),
      /** Where the one in use is from; null: none is known. */
      source: z.enum(['vault', 'environment']).nullable(),
      /** One is kept, whether it is in use or not. */
      isKept: z.boolean(),
    }),
  ),
});
export type SecretsView = z.infer<typeof secretsViewSchema>;

export const secretValueMax = 500;
export const setSecretSchema = z.strictObject({ value: z.string().max(10_000) });

/** In a sentence. */
export const secretWords: Readonly<Record<SecretName, string>> = {
  anthropicApiKey: 'API key of Anthropic',
  stripeApiKey: 'secret key of Stripe',
  anthropicAdminKey: 'admin key of Anthropic',
};

/** Null: it can be this key. Never quotes it. */
export function secretProblem(name: SecretName, value: string): Pick<FieldProblem, 'message' | 'remedy'> | null {
  if (value.length < 8 || value.length > secretValueMax || !/^[\x21-\x7e]+$/.test(value))
    return {
      message: 'This is no key: a key is one word of letters, digits and signs.',
      remedy: 'Copy it again, all of it.',
    };
  if (value.startsWith('tk_'))
    return { message: 'This is a member key of Tollkeeper.', remedy: 'Give the team’s own key; members keep theirs.' };
  const kind = kindOf(value);
  if (kind === name || (kind === null && name === 'anthropicApiKey')) return null;
  return kind === null ? { message: `This is no ${secretWords[name]}.`, remedy: begins[name] } : mistaken[kind];
}

/** Gateways have keys of their own shape in the place of Anthropic's. */
const begins: Readonly<Record<SecretName, string>> = {
  anthropicApiKey: '',
  stripeApiKey: 'One begins with sk_ or, better, rk_ for a restricted one.',
  anthropicAdminKey: 'One begins with sk-ant-admin.',
};

/** What a key says of itself by its beginning; keys of gateways say nothing. */
function kindOf(value: string): SecretName | 'publishable' | null {
  if (value.startsWith('sk-ant-admin')) return 'anthropicAdminKey';
  if (value.startsWith('sk-ant-')) return 'anthropicApiKey';
  if (/^[sr]k_(?:test|live)_/.test(value)) return 'stripeApiKey';
  return /^pk_(?:test|live)_/.test(value) ? 'publishable' : null;
}

const mistaken = {
  anthropicAdminKey: { message: 'This is an admin key of Anthropic.', remedy: 'Give it in its own place, below.' },
  anthropicApiKey: { message: 'This is an API key of Anthropic.', remedy: 'Give it in its own place.' },
  stripeApiKey: { message: 'This is a key of Stripe.', remedy: 'Give it in its own place.' },
  publishable: {
    message: 'This is a publishable key of Stripe, which may not write.',
    remedy: 'Give a secret or a restricted one.',
  },
} as const;
