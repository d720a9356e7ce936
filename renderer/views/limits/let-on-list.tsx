/** Conversations that somebody let on past their limits, each with the click that takes it back. */
import { Link } from 'wouter';

import { letOnCommand } from '../../../shared/contract/limits.ts';
import type { LimitsView } from '../../../shared/contract/limits-view.ts';
import { LetOn } from '../../components/let-on.tsx';
import { callsLink } from '../../data/links.ts';

export function LetOnList({ letOn }: Pick<LimitsView, 'letOn'>) {
  return (
    <section aria-labelledby="let-on" className="mb-7">
      <h2 id="let-on" className="mb-1">
        Let on past their limits
      </h2>
      {letOn.length === 0 ? (
        <p className="text-dim">
          None. One click on a conversation’s card, or where its call was stopped, lets it on for an hour or for good;
          so does <code>{letOnCommand('CONVERSATION')}</code>.
        </p>
      ) : (
        <ul className="ruled max-w-[96ch]">
          {letOn.map((one) => (
            <li key={one.conversation}>
              <Link href={callsLink({ conversation: one.conversation })} className="underline underline-offset-2">
                <code className="break-all">{one.conversation}</code>
              </Link>
              <LetOn conversation={one.conversation} letOn={one} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
