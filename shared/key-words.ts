/** The state of a member key in words, the same in the terminal and on the screen. Pure. */
import type { MemberKeyRow } from './contract/keys.ts';

export type KeyState = { readonly kind: 'works' | 'both' | 'revoked'; readonly sentence: string };

const hourMs = 3_600_000;

/** `both`: a rotation's old key works for a while beside the new one. */
export function keyState({ revokedAtMs, oldWorksUntilMs }: MemberKeyRow, nowMs: number): KeyState {
  if (revokedAtMs !== null) return { kind: 'revoked', sentence: 'revoked' };
  if (oldWorksUntilMs === null || oldWorksUntilMs <= nowMs) return { kind: 'works', sentence: 'works' };
  const hours = Math.ceil((oldWorksUntilMs - nowMs) / hourMs);
  return { kind: 'both', sentence: `works; the old one for ${hours} more ${hours === 1 ? 'hour' : 'hours'}` };
}
