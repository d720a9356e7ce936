/** The hash of the conversation index: 132 bits of SHA-1, which is the fastest here and only has to tell prompts apart, not to withstand anybody. */
import { hash } from 'node:crypto';

const length = 22;

export function hashText(text: string): string {
  return hash('sha1', text, 'base64url').slice(0, length);
}
