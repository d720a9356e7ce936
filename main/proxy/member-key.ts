/**
 * A member key (`tk_…`) in the place of an API key: who holds it, and what goes to Anthropic instead. Pure. Whoever presents one is let through by our
 * own Anthropic key or not at all: a member key is never forwarded, valid or not. What is refused reaches neither Anthropic nor the ledger, and is told
 * in Anthropic's words for a bad key, which its SDKs show and do not retry. Never names a key.
 */
import type { ErrorAnswer } from './gateway-error.ts';
import { isMemberKey, memberKeysIn, type RawHeaders } from './headers.ts';

export type MemberKeyAnswer =
  | { readonly kind: 'valid'; readonly member: string; readonly project: string | null }
  | { readonly kind: 'revoked' | 'replaced' | 'unknown' };

/** What the proxy is given of the member keys. */
export type MemberKeyBook = {
  readonly find: (key: string) => MemberKeyAnswer;
  /** Our own Anthropic key; null: there is none. */
  readonly anthropicApiKey: string | null;
};

export type KeyHolder = {
  readonly member: string;
  readonly project: string | null;
  /** Goes to Anthropic in the place of the member key. */
  readonly anthropicApiKey: string;
};

export type KeyAdmission =
  | { readonly kind: 'admitted'; readonly holder: KeyHolder | null }
  | { readonly kind: 'refused'; readonly answer: ErrorAnswer };

const own: KeyAdmission = { kind: 'admitted', holder: null };

export function admitMemberKey(raw: RawHeaders, book: MemberKeyBook): KeyAdmission {
  const keys = memberKeysIn(raw);
  // Mostly clients bring a key of their own.
  if (keys.length === 0) return own;
  const answers = keys.map(book.find);
  const refusal = answers.find(({ kind }) => kind !== 'valid');
  const [first] = answers;
  if (refusal || first?.kind !== 'valid') return refused(sentences[refusal?.kind ?? 'unknown']);
  const { anthropicApiKey } = book;
  // One that is a member key itself (set in the shell of a member) would not be forwarded either.
  if (anthropicApiKey === null || isMemberKey(anthropicApiKey)) return refused(sentences.keyless);
  const { member, project } = first;
  return { kind: 'admitted', holder: { member, project, anthropicApiKey } };
}

const sentences = {
  unknown: 'this member key is not known here. Ask for one (`tollkeeper keys create MEMBER`), or use an API key.',
  revoked: 'this member key was revoked. Ask for a new one (`tollkeeper keys create MEMBER`).',
  replaced: 'this member key was replaced by a newer one, and its time is over. Ask for the newer one.',
  keyless:
    'this call carries a member key, and there is no Anthropic key here to send it with. Enter one on the Keys screen of the desktop app, or start Tollkeeper with ANTHROPIC_API_KEY set.',
  valid: '',
} as const;

function refused(sentence: string): KeyAdmission {
  return {
    kind: 'refused',
    answer: { status: 401, type: 'authentication_error', sentence: `Tollkeeper: ${sentence}` },
  };
}
