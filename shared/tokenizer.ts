/**
 * Which tokenizer a model counts with. Anthropic publishes neither; the newer one makes some 30 % more tokens of the same text and came with 4.7,
 * as did images of a higher resolution (facts/anthropic.md section 5; platform docs, vision).
 */

/** Up to 4.6 the older one; 4.7 and later, 5.x and Mythos Preview the newer. An unknown model, or none, is taken for a new one. */
export function countsWithOlderTokenizer(model: string | null): boolean {
  if (model === null) return false;
  return /^claude-(?:2|instant|3-|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8}|-latest)?(?:\[1m\])?$)/.test(model);
}
