/**
 * Keys: who may call with a key of ours instead of the team's Anthropic key; made, named, rotated and revoked here. A new key is shown once. Below them the
 * team's own.
 */
import { useState } from 'react';

import type { MadeKey, MemberKeysView } from '../../../shared/contract/keys.ts';
import { CopyLine } from '../../components/copy-line.tsx';
import { Empty, Failed, Loading, Notice } from '../../components/states.tsx';
import { useKeys, useStatus } from '../../data/queries.ts';
import { KeyTable } from './key-table.tsx';
import { MakeKey } from './make-key.tsx';
import { TeamKeys } from './team-keys.tsx';

export function KeysView() {
  const { data: view, error } = useKeys();
  const [made, setMade] = useState<MadeKey | null>(null);
  if (!view) return error ? <Failed error={error} /> : <Loading what="the member keys" />;
  return (
    <>
      <h1 className="mb-1">Keys</h1>
      <p className="mb-4 max-w-[90ch] text-dim">
        A member key goes where the API key goes. It says who calls, and is exchanged for the team’s Anthropic key on
        the way out, so nobody else needs that one.
      </p>
      {error ? <Failed error={error} /> : null}
      {view.hasAnthropicKey ? null : (
        <Notice tone={hasWorking(view) ? 'stopped' : 'look'}>
          Tollkeeper has no Anthropic key, so calls with a member key are refused.{' '}
          <a href="#team-keys" className="underline underline-offset-2">
            What to do stands below.
          </a>
        </Notice>
      )}
      <MakeKey onMade={setMade} />
      {made === null ? null : <MadeOnce made={made} hide={() => setMade(null)} />}
      {view.keys.length === 0 ? (
        <Empty title="No member keys yet">
          Make one for each member; until then calls bring an Anthropic key of their own and pass with it.
        </Empty>
      ) : (
        <KeyTable keys={view.keys} atMs={view.atMs} onMade={setMade} />
      )}
      <TeamKeys />
    </>
  );
}

function hasWorking({ keys }: MemberKeysView): boolean {
  return keys.some(({ revokedAtMs }) => revokedAtMs === null);
}

function MadeOnce({ made, hide }: { readonly made: MadeKey; readonly hide: () => void }) {
  const { data: status } = useStatus();
  const { key, secret } = made;
  return (
    <section
      aria-label="The new key"
      className="mb-5 rounded-card border border-accent bg-accent-soft px-4 py-3"
      role="status"
    >
      <p className="mb-2">
        <b className="font-semibold">
          The new key of {key.member} ({key.id}).
        </b>{' '}
        Copy it now: it is shown this once, and only its hash is kept.
      </p>
      <CopyLine text={secret} />
      <p className="mt-3 mb-2 text-[13px] text-dim">In the terminal of the member’s client:</p>
      <CopyLine text={`export ANTHROPIC_BASE_URL=${status?.proxyUrl ?? ''} ANTHROPIC_API_KEY=${secret}`} />
      <button type="button" className="control mt-3" onClick={hide}>
        Done, hide it
      </button>
    </section>
  );
}
