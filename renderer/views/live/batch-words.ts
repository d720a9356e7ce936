/** How a pending batch stands, in words, and until when its results can be fetched. Pure. */
import type { PendingBatch } from '../../../shared/contract/api.ts';
import type { Tone } from '../../components/tag.tsx';

/** Anthropic keeps the results of a batch for 29 days after it was made (facts/anthropic.md section 3). */
const keptMs = 29 * 86_400_000;

export function keptUntilMs({ submittedAtMs }: Pick<PendingBatch, 'submittedAtMs'>): number {
  return submittedAtMs + keptMs;
}

/** Anthropic's own word where it is a new one. */
export function batchStatus(status: string): { readonly tone: Tone; readonly words: string } {
  switch (status) {
    case 'in_progress':
      return { tone: 'plain', words: 'in progress' };
    case 'canceling':
      return { tone: 'plain', words: 'being cancelled' };
    case 'ended':
      return { tone: 'look', words: 'ended: fetch its results' };
    default:
      return { tone: 'plain', words: status.replaceAll('_', ' ') };
  }
}
