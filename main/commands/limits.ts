/**
 * `tollkeeper limits` shows the limits in force; `limits set` and `limits budget` change them. Goes through the running engine, where a change holds for the
 * next call; where none runs it is written into the settings file, with the home folder held meanwhile, and the next engine goes by it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import {
  checkLimits,
  limitsSettingsViewSchema,
  type LimitsInFile,
  type LimitsSettingsView,
} from '../../shared/contract/limits-settings.ts';
import { holdLedger } from '../ledger/hold-ledger.ts';
import { ledgerFileName } from '../ledger/ledger-file.ts';
import { settingsOf } from '../settings/environment.ts';
import { limitsOf, revisionOf, saveLimits, setByOf } from '../settings/limits-in-file.ts';
import { openSettings, type SettingsStore } from '../settings/store.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { limitsText } from './limits-text.ts';
import { withBudget, withSet, type SetFlags } from './limits-wish.ts';

export type LimitsFlags = { readonly home?: string; readonly json?: boolean };

export async function limitsShow(flags: LimitsFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  const view = engine ? await askView(engine) : viewOf(openSettings(home, settingsOf(host.env)));
  print(view, flags, host);
  if (view.trouble !== null) writeLine(host.stderr, `${view.trouble.message} ${view.trouble.remedy}`);
  return 0;
}

export function limitsSet({ home, json, ...wish }: LimitsFlags & SetFlags, host: Host): Promise<ExitCode> {
  return change((before) => withSet(before, wish), { ...(home ? { home } : {}), ...(json ? { json } : {}) }, host);
}

export type BudgetFlags = LimitsFlags & { readonly per: string };

export function limitsBudget(whose: string, amount: string, flags: BudgetFlags, host: Host): Promise<ExitCode> {
  return change((before) => withBudget(before, { whose, amount, per: flags.per }), flags, host);
}

type Change = (before: LimitsInFile) => LimitsInFile;

async function change(make: Change, flags: LimitsFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  print(engine ? await throughEngine(engine, make) : alone(home, make, host), flags, host);
  writeLine(host.stderr, engine ? 'In force for the next call.' : 'In force from the next start on.');
  return 0;
}

const path = '/api/limits/settings';

async function askView(engine: EngineClient): Promise<LimitsSettingsView> {
  return limitsSettingsViewSchema.parse(await engine.ask('GET', path));
}

async function throughEngine(engine: EngineClient, make: Change): Promise<LimitsSettingsView> {
  const { inFile, revision, trouble } = await askView(engine);
  if (inFile === null) throw new AppError('bad_settings', trouble?.message ?? '', trouble?.remedy ?? '');
  const settings = usable(make(inFile));
  return limitsSettingsViewSchema.parse(await engine.ask('PUT', path, { revision, settings }));
}

function alone(home: string, make: Change, host: Host): LimitsSettingsView {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const onNotice = (sentence: string) => writeLine(host.stderr, sentence);
  const { clock } = host;
  const lock = holdLedger({ file: join(home, ledgerFileName), purpose: 'limits', clock, onNotice });
  try {
    const store = openSettings(home, settingsOf(host.env));
    saveLimits(store, usable(make(limitsOf(store.read().inFile))), null);
    return viewOf(store);
  } finally {
    lock.release();
  }
}

/** Told in the words of the command, without the path of the field. */
function usable(wish: LimitsInFile): LimitsInFile {
  const check = checkLimits(wish);
  if (check.kind === 'valid') return check.settings;
  const [first] = check.problems;
  throw new AppError('bad_usage', first?.message ?? 'This cannot be used.', first?.remedy ?? '');
}

/** Where no engine runs: what the next one goes by. */
function viewOf(store: SettingsStore): LimitsSettingsView {
  const { settings, inFile: all } = store.read();
  const inFile = limitsOf(all);
  const setBy = setByOf(store.overrides);
  return { file: store.file, inFile, inForce: limitsOf(settings), setBy, revision: revisionOf(inFile), trouble: null };
}

function print(view: LimitsSettingsView, { json }: LimitsFlags, { stdout }: Host): void {
  for (const line of json ? [JSON.stringify(view)] : limitsText(view)) writeLine(stdout, line);
}
