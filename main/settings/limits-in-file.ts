/**
 * The settings of the limits as the settings file has them: what of it a variable wins over, and replacing them there. For the engine, and for a command
 * where none runs.
 */
import { AppError, FieldsError, type FieldProblem } from '../../shared/contract/errors.ts';
import {
  checkLimits,
  overridableLimits,
  type LimitsInFile,
  type LimitsSettingsView,
  type OverridableLimit,
} from '../../shared/contract/limits-settings.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { hashText } from '../system/hash-text.ts';
import { limitVariables } from './environment.ts';
import type { SettingsOverrides, SettingsRead, SettingsStore } from './store.ts';

type SetBy = LimitsSettingsView['setBy'];

export function limitsOf({ limits, drainOnAbort }: Settings): LimitsInFile {
  return { limits, drainOnAbort };
}

/** Changes with every change. */
export function revisionOf(inFile: LimitsInFile): string {
  return hashText(JSON.stringify(inFile));
}

/** What is not the file's word, by the variable that says it. */
export function setByOf({ limits = {}, drainOnAbort }: SettingsOverrides): SetBy {
  const said = { ...limits, drainOnAbort };
  const names = overridableLimits.filter((name) => said[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, limitVariables[name]]));
}

/**
 * `revision` is that of what the change was made from; null replaces whatever is there.
 * @throws FieldsError; AppError `changed_meanwhile`, `bad_settings` where the file cannot be used, `engine_failed` where it cannot be written.
 */
export function saveLimits(store: SettingsStore, wish: unknown, revision: string | null): SettingsRead {
  const check = checkLimits(wish);
  if (check.kind === 'invalid') throw new FieldsError(check.problems);
  return store.save((file) => {
    const before = limitsOf(file);
    if (revision !== null && revision !== revisionOf(before)) throw changedMeanwhile();
    const problems = overridden(before, check.settings, setByOf(store.overrides));
    if (problems.length > 0) throw new FieldsError(problems);
    return check.settings;
  });
}

/** What a variable says cannot be changed here: the change would hold for nobody until the variable is gone. */
function overridden(before: LimitsInFile, wish: LimitsInFile, setBy: SetBy): FieldProblem[] {
  return overridableLimits.flatMap((name) => {
    const variable = setBy[name];
    if (variable === undefined || valueOf(before, name) === valueOf(wish, name)) return [];
    const path = name === 'drainOnAbort' ? [name] : ['limits', name];
    return [{ path, message: `This is set by ${variable}.`, remedy: 'Change it there, or unset the variable.' }];
  });
}

function valueOf({ limits, drainOnAbort }: LimitsInFile, name: OverridableLimit) {
  return name === 'drainOnAbort' ? drainOnAbort : limits[name];
}

function changedMeanwhile(): AppError {
  return new AppError(
    'changed_meanwhile',
    'The limits were changed elsewhere since they were read here.',
    'Read them again, and make the change anew.',
  );
}
