/**
 * The settings that can be changed while an engine runs: the limits, and beside them the metering plan (engine-plan.ts). What the settings file says, and
 * putting a change in force at once, whether it comes through the API or from an editor. What the limits hold (what is spent and reserved, what was told,
 * what was learnt) stays.
 *
 * A file that cannot be used changes nothing: what was in force stays, and the trouble is told once and shown until it is mended.
 */
import { isAppError } from '../shared/contract/errors.ts';
import type { LimitsInFile, LimitsSettingsView } from '../shared/contract/limits-settings.ts';
import type { EngineOptions } from './engine-options.ts';
import type { EnginePlan } from './engine-plan.ts';
import { watchFile } from './settings/file-watch.ts';
import { limitsOf, revisionOf, saveLimits, setByOf } from './settings/limits-in-file.ts';

export type EngineRules = {
  readonly view: () => LimitsSettingsView;
  /** @throws what `saveLimits` throws; nothing is changed then. */
  readonly change: (settings: unknown, revision: string | null) => LimitsSettingsView;
  readonly drainsOnAbort: () => boolean;
  readonly plan: Omit<EnginePlan, 'close'>;
  readonly close: () => void;
};

/** `use` is told of every change of the limits. */
export function openEngineRules(
  { settings, settingsStore: store, clock, log, onNotice }: EngineOptions,
  use: (limits: LimitsInFile['limits']) => void,
  plan: EnginePlan,
): EngineRules {
  const setBy = setByOf(store.overrides);
  let inForce = limitsOf(settings);
  let trouble: LimitsSettingsView['trouble'] = null;

  function putInForce(next: LimitsInFile, by: string): void {
    trouble = null;
    if (JSON.stringify(next) === JSON.stringify(inForce)) return;
    inForce = next;
    use(next.limits);
    log.info('limits changed', { by });
  }

  /** Null where the file cannot be used. */
  function readFile(): LimitsInFile | null {
    try {
      const read = store.read();
      putInForce(limitsOf(read.settings), 'the settings file');
      return limitsOf(read.inFile);
    } catch (error) {
      if (!isAppError(error)) throw error;
      tell({ message: error.message, remedy: error.remedy });
      return null;
    }
  }

  function tell(next: NonNullable<typeof trouble>): void {
    const isNews = trouble?.message !== next.message;
    trouble = next;
    if (!isNews) return;
    const sentence = `${next.message} The limits in force stay as they were. ${next.remedy}`;
    log.warn('limits', { sentence });
    onNotice?.(sentence);
  }

  function view(): LimitsSettingsView {
    const inFile = readFile();
    const revision = inFile === null ? null : revisionOf(inFile);
    return { file: store.file, inFile, inForce, setBy, revision, trouble };
  }

  const watch = watchFile(store.file, clock, readFile);
  return {
    view,
    change: (wish, revision) => {
      const saved = saveLimits(store, wish, revision);
      putInForce(limitsOf(saved.settings), 'the dashboard or a command');
      return view();
    },
    drainsOnAbort: () => inForce.drainOnAbort,
    plan,
    close: () => {
      watch.close();
      plan.close();
    },
  };
}
