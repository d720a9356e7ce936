/** What stands between a change of the limits and being saved: the engine is away, somebody else changed them, or the engine says no. */
import type { LimitsSettingsView } from '../../../shared/contract/limits-settings.ts';
import { Failed, Notice } from '../../components/states.tsx';
import { ApiFailure } from '../../data/api.ts';
import { rebaseDraft, type OpenDraft } from '../../data/limits-draft-store.ts';
import { useLive } from '../../data/live.ts';

type AboveTheFormProps = {
  readonly open: OpenDraft;
  readonly settings: LimitsSettingsView;
  readonly error: Error | null;
  readonly drop: () => void;
};

export function AboveTheForm({ open, settings, error, drop }: AboveTheFormProps) {
  const { lostAtMs } = useLive();
  const { inFile, revision } = settings;
  const isRaced = error instanceof ApiFailure && error.code === 'changed_meanwhile';
  const isTold = error instanceof ApiFailure && error.fields.length > 0;
  return (
    <>
      {lostAtMs === null ? null : (
        <Notice>Tollkeeper does not answer. What you type stays here, and can be saved once it is back.</Notice>
      )}
      {inFile !== null && revision !== null && revision !== open.revision ? (
        <Notice>
          The limits were changed elsewhere since you began: in another window, by a command or in the file.{' '}
          <span className="mt-1.5 flex flex-wrap gap-2">
            <button type="button" className="control" onClick={() => rebaseDraft(inFile, revision)}>
              Keep mine, over theirs
            </button>
            <button type="button" className="control" onClick={drop}>
              Take theirs, drop mine
            </button>
          </span>
        </Notice>
      ) : null}
      {error && !isRaced && !isTold ? (
        <div className="mb-3">
          <Failed error={error} />
        </div>
      ) : null}
    </>
  );
}
