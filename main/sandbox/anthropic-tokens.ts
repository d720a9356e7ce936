/**
 * Token counts of the simulated Anthropic. Not a tokenizer: bytes by a fixed ratio, the same for the same content, which is all that a meter's
 * test needs (the true ones are not public, facts/anthropic.md section 9).
 */
import { isWireObject } from '../../shared/usage.ts';

const bytesPerToken = 3.5;
/** An image or a document counts as one of middling size. */
const mediaTokens = 1_500;
const tokensPerBlock = 3;

/** Any part of a prompt: text, a block, a list of them, a tool. */
export function countTokens(part: unknown): number {
  if (typeof part === 'string') return Math.ceil(Buffer.byteLength(part) / bytesPerToken);
  if (Array.isArray(part)) return part.reduce<number>((sum, item) => sum + countTokens(item), 0);
  if (!isWireObject(part)) return 0;
  if (part['type'] === 'image' || part['type'] === 'document') return mediaTokens;
  if (part['type'] === 'text') return tokensPerBlock + countTokens(part['text']);
  const { cache_control: _mark, ...content } = part;
  return tokensPerBlock + Math.ceil(Buffer.byteLength(JSON.stringify(content)) / bytesPerToken);
}
