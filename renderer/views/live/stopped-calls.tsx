/** Calls that a limit stopped in the last hour and that have no card of their own: each with what it would have cost and the way to let it on. */
import { shortModelName } from '../../../shared/plain-words.ts';
import { plural } from '../../components/count.tsx';
import { LetOnByName } from '../../components/let-on.tsx';
import { Who } from '../../components/who.tsx';
import { StopBox } from './stop-box.tsx';
import type { StoppedGroup } from '../../data/stopped.ts';

export function StoppedCalls({ groups }: { readonly groups: readonly StoppedGroup[] }) {
  if (groups.length === 0) return null;
  return (
    <section className="mb-7" aria-labelledby="stopped-calls">
      <h2 id="stopped-calls" className="mb-2.5">
        Stopped in the last hour
      </h2>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-[repeat(auto-fill,minmax(320px,1fr))]">
        {groups.map(({ newest, calls }) => (
          <article key={newest.id} className="min-w-0 rounded-card border border-stop bg-surface px-4 py-3.5">
            <b className="block font-semibold">
              <Who member={newest.member} project={newest.project} />
            </b>
            <span className="block text-dim">
              {newest.model === null ? 'no model named' : shortModelName(newest.model)}
              {calls > 1 ? ` · ${plural(calls, 'call')}, this is the newest` : ''}
            </span>
            <StopBox call={newest}>
              {newest.conversation === null ? null : <LetOnByName conversation={newest.conversation} />}
            </StopBox>
          </article>
        ))}
      </div>
    </section>
  );
}
