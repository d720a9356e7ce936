/**
 * The settings of the limits while an engine runs: what the settings file says, what of it a variable wins over, and putting a change in force at once,
 * whether it comes through the API or from an editor. What the limits hold (what is spent and reserved, what was told, what was learnt) stays.
 *
 * A file that cannot be used changes nothing: what was in force stays, and the trouble is told once and shown until it is mended.
 */
import { AppError, FieldsError, isAppError, type FieldProblem } from '../shared/contract/errors.ts';
import {
  checkLimits,
  overridableLimits,
  type LimitsInFile,
  type LimitsSettingsView,
  type OverridableLimit,
} from '../shared/contract/limits-settings.ts';
import type { Settings } from '../shared/contract/settings.ts';
import type { EngineOptions } from './engine-options.ts';
import { limitVariables } from './settings/environment.ts';
import { watchFile } from './settings/file-watch.ts';
import type { SettingsOverrides } from './settings/store.ts';
import { hashText } from './system/hash-text.ts';

export type EngineRules = {
  readonly view: () => LimitsSettingsView;
  /**
   * `revision` is that of the view the change was made from; null replaces whatever is there.
   * @throws FieldsError; AppError `changed_meanwhile`, `bad_settings` where the file cannot be used, `engine_failed` where it cannot be written.
   */
  readonly change: (settings: unknown, revision: string | null) => LimitsSettingsView;
  readonly drainsOnAbort: () => boolean;
  readonly close: () => void;
};

export function openEngineRules(
  { settings, settingsStore: store, clock, log, onNotice }: EngineOptions,
  use: (limits: LimitsInFile['limits']) => void,
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
      const check = checkLimits(wish);
      if (check.kind === 'invalid') throw new FieldsError(check.problems);
      const saved = store.save((file) => {
        const before = limitsOf(file);
        if (revision !== null && revision !== revisionOf(before)) throw changedMeanwhile();
        const problems = overridden(before, check.settings, setBy);
        if (problems.length > 0) throw new FieldsError(problems);
        return check.settings;
      });
      putInForce(limitsOf(saved.settings), 'the dashboard or a command');
      return view();
    },
    drainsOnAbort: () => inForce.drainOnAbort,
    close: watch.close,
  };
}

function limitsOf({ limits, drainOnAbort }: Settings): LimitsInFile {
  return { limits, drainOnAbort };
}

function revisionOf(inFile: LimitsInFile): string {
  return hashText(JSON.stringify(inFile));
}

function setByOf({ limits = {}, drainOnAbort }: SettingsOverrides): LimitsSettingsView['setBy'] {
  const said = { ...limits, drainOnAbort };
  const names = overridableLimits.filter((name) => said[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, limitVariables[name]]));
}

/** What a variable says cannot be changed here: the change would hold for nobody until the variable is gone. */
function overridden(before: LimitsInFile, wish: LimitsInFile, setBy: LimitsSettingsView['setBy']): FieldProblem[] {
  const valueOf = (of: LimitsInFile, name: OverridableLimit) =>
    name === 'drainOnAbort' ? of.drainOnAbort : of.limits[name];
  return overridableLimits.flatMap((name) => {
    const variable = setBy[name];
    if (variable === undefined || valueOf(before, name) === valueOf(wish, name)) return [];
    const path = name === 'drainOnAbort' ? [name] : ['limits', name];
    return [{ path, message: `This is set by ${variable}.`, remedy: 'Change it there, or unset the variable.' }];
  });
}

function changedMeanwhile(): AppError {
  return new AppError(
    'changed_meanwhile',
    'The limits were changed elsewhere since they were read here.',
    'Read them again, and make the change anew.',
  );
}
