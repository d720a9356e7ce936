/**
 * Token counts of the simulated Anthropic. A stand-in, not a tokenizer: bytes by a fixed ratio, the same for the same content, which is all
 * that a meter's test needs (no current tokenizer is public, facts/anthropic.md section 9).
 */
import { isWireObject } from '../../shared/usage.ts';

export const bytesPerToken = 3.5;
/** An image or a document counts as one of middling size, whatever its bytes. */
const mediaTokens = 1_500;
/** What opening and closing a block costs. */
const tokensPerBlock = 3;

/** Any part of a prompt: text, a block, a list of them, a tool. */
export function countTokens(part: unknown): number {
  if (typeof part === 'string') return Math.ceil(Buffer.byteLength(part) / bytesPerToken);
  if (Array.isArray(part)) return part.reduce<number>((sum, item) => sum + countTokens(item), 0);
  if (!isWireObject(part)) return 0;
  const { cache_control: _mark, ...content } = part;
  switch (part['type']) {
    case 'image':
    case 'document':
      return mediaTokens;
    case 'text':
      return tokensPerBlock + countTokens(part['text']);
    // May hold images, which must not count by their base64.
    case 'tool_result':
      return tokensPerBlock + countTokens(part['content']);
    default:
      return tokensPerBlock + Math.ceil(Buffer.byteLength(JSON.stringify(content)) / bytesPerToken);
  }
}
