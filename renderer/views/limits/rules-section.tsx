/** The rules: as sentences at rest, as a form while somebody changes them. Also how else they are changed, and what stands in the way. */
import { useState } from 'react';

import type { LimitsSettingsView } from '../../../shared/contract/limits-settings.ts';
import type { LimitsView } from '../../../shared/contract/limits-view.ts';
import { focusOnce } from '../../components/focus-once.ts';
import { Failed, Notice } from '../../components/states.tsx';
import { beginDraft, useLimitsDraft } from '../../data/limits-draft-store.ts';
import { useLimitsSettings } from '../../data/queries.ts';
import { LimitsEditor } from './limits-editor.tsx';
import { RulesInForce } from './rules-in-force.tsx';

export function RulesSection({ limits }: { readonly limits: LimitsView }) {
  const open = useLimitsDraft();
  const { data: settings, error } = useLimitsSettings();
  const [closed, setClosed] = useState<'saved' | 'dropped' | null>(null);
  return (
    <section aria-labelledby="rules" className="mb-8">
      <h2 id="rules" className="mb-2">
        {open ? 'Change the limits' : 'Rules in force'}
      </h2>
      {error && !settings ? <Failed error={error} /> : null}
      {settings?.trouble ? <Trouble trouble={settings.trouble} isOpen={open !== null} /> : null}
      {open && settings ? (
        <LimitsEditor open={open} settings={settings} limits={limits} onClosed={setClosed} />
      ) : (
        <>
          <RulesInForce rules={limits.rules} settings={settings ?? null} />
          <Change settings={settings ?? null} closed={closed} />
        </>
      )}
    </section>
  );
}

function Trouble({
  trouble,
  isOpen,
}: {
  readonly trouble: { message: string; remedy: string };
  readonly isOpen: boolean;
}) {
  return (
    <Notice tone="stopped">
      {trouble.message} The limits in force stay as they were. {trouble.remedy}
      {isOpen ? ' What you type stays here until then.' : ''}
    </Notice>
  );
}

type ChangeProps = { readonly settings: LimitsSettingsView | null; readonly closed: 'saved' | 'dropped' | null };

/** Where the settings cannot be read there is nothing to change, and no button that would do nothing. */
function Change({ settings, closed }: ChangeProps) {
  if (settings === null || settings.inFile === null || settings.revision === null) return null;
  const { inFile, revision, file } = settings;
  return (
    <div className="mt-3 flex max-w-[96ch] flex-wrap items-center gap-x-4 gap-y-2">
      <button
        type="button"
        className="control border-accent! text-accent!"
        ref={closed === null ? undefined : focusOnce}
        onClick={() => beginDraft(inFile, revision)}
      >
        Change the limits
      </button>
      <p className="text-[13px] text-dim" role={closed === 'saved' ? 'status' : undefined}>
        {closed === 'saved' ? (
          'Saved. In force for the next call.'
        ) : (
          <>
            Or by <code>tollkeeper limits set</code>, or in <code className="break-all">{file}</code>.
          </>
        )}
      </p>
    </div>
  );
}
