/** A state as a word in a pill; colour only repeats what the word says. */
import type { ReactNode } from 'react';

export type Tone = 'plain' | 'well' | 'look' | 'stopped';

const tones: Readonly<Record<Tone, string>> = {
  plain: 'bg-sunk text-dim',
  well: 'bg-accent-soft text-accent',
  look: 'bg-warn-soft text-warn',
  stopped: 'bg-stop-soft text-stop',
};

export function Tag({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return (
    <span className={`inline-block rounded-[5px] px-[7px] py-px text-xs whitespace-nowrap ${tones[tone]}`}>
      {children}
    </span>
  );
}
