/**
 * `tollkeeper plan` shows what Stripe is told, since when, and what comes next; `plan set` changes it. Goes through the running engine; where none runs the
 * change is written into the settings file and dated in the ledger, with the home folder held meanwhile. `--trial` says what would happen and changes nothing.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import { planViewSchema, type PlanView } from '../../shared/contract/plan-view.ts';
import { planViewOf } from '../../shared/plan-view-of.ts';
import { holdLedger } from '../ledger/hold-ledger.ts';
import { ledgerFileName } from '../ledger/ledger-file.ts';
import { refuseClash } from '../ledger/plans-in-force.ts';
import { readPlanFacts, type StoredPlanFacts } from '../ledger/read-plans.ts';
import { settingsOf } from '../settings/environment.ts';
import { planRevision, savePlan, usablePlan } from '../settings/plan-in-file.ts';
import { openSettings, type SettingsStore } from '../settings/store.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerHereAlone } from './ledger-alone.ts';
import { homeOf, openForReading } from './ledger-reader.ts';
import { planChangeText, planText } from './plan-text.ts';
import { withPlanFlags, type PlanFlags } from './plan-wish.ts';

export type ShowFlags = { readonly home?: string; readonly json?: boolean };
export type SetFlags = ShowFlags & PlanFlags & { readonly trial?: boolean };

export async function planShow(flags: ShowFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const view = await viewOf(home, host);
  if (flags.json) writeLine(host.stdout, JSON.stringify(view));
  else for (const line of planText(view)) writeLine(host.stdout, line);
  if (view.trouble !== null) writeLine(host.stderr, `${view.trouble.message} ${view.trouble.remedy}`);
  return 0;
}

export async function planSet(kind: string | undefined, flags: SetFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const before = await viewOf(home, host);
  if (before.inFile === null)
    throw new AppError('bad_settings', before.trouble?.message ?? '', before.trouble?.remedy ?? '');
  const wish = usablePlan(withPlanFlags(before.inFile, kind, flags));
  refuseClash(
    wish,
    before.plans.map(({ plan }) => plan),
  );
  const told = planChangeText(before, wish);
  if (flags.trial) {
    writeLine(host.stdout, flags.json ? JSON.stringify({ plan: wish, sentences: told }) : told.join('\n'));
    return 0;
  }
  const after = await change(home, before, wish, host);
  if (flags.json) writeLine(host.stdout, JSON.stringify(after));
  else for (const line of told) writeLine(host.stdout, line);
  return 0;
}

const path = '/api/stripe/plan';

async function viewOf(home: string, host: Host): Promise<PlanView> {
  const engine = connectEngine(home);
  return engine ? planViewSchema.parse(await engine.ask('GET', path)) : viewAlone(home, host);
}

function viewAlone(home: string, host: Host): PlanView {
  const ledger = openForReading(home);
  const facts = ledger === null ? noFacts : readPlanFacts(ledger.db);
  ledger?.db.close();
  return viewFrom(facts, openSettings(home, settingsOf(host.env)), host);
}

const noFacts: StoredPlanFacts = { plans: [], waiting: [], models: [], lastCountedMinuteMs: null };

function viewFrom(facts: StoredPlanFacts, store: SettingsStore, { clock }: Host): PlanView {
  const { plan } = store.read().inFile;
  const revision = planRevision(plan);
  return planViewOf({ facts, nowMs: clock.nowMs(), file: store.file, inFile: plan, revision, trouble: null });
}

async function change(home: string, { revision }: PlanView, wish: Plan, host: Host): Promise<PlanView> {
  const engine = connectEngine(home);
  if (engine) return throughEngine(engine, revision, wish);
  return existsSync(join(home, ledgerFileName)) ? inLedger(home, wish, host) : inFileAlone(home, wish, host);
}

async function throughEngine(engine: EngineClient, revision: string | null, plan: Plan): Promise<PlanView> {
  return planViewSchema.parse(await engine.ask('PUT', path, { revision, plan }));
}

async function inLedger(home: string, wish: Plan, host: Host): Promise<PlanView> {
  const { ledger } = await openLedgerHereAlone(home, host, 'plan');
  try {
    const store = openSettings(home, settingsOf(host.env));
    savePlan(store, wish, null);
    await ledger.write('usePlan', { plan: wish, nowMs: host.clock.nowMs() });
    return viewFrom(await ledger.read('planFacts', null), store, host);
  } finally {
    ledger.close();
  }
}

/** The first start takes it from the beginning. */
function inFileAlone(home: string, wish: Plan, host: Host): PlanView {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const onNotice = (sentence: string) => writeLine(host.stderr, sentence);
  const lock = holdLedger({ file: join(home, ledgerFileName), purpose: 'plan', clock: host.clock, onNotice });
  try {
    const store = openSettings(home, settingsOf(host.env));
    savePlan(store, wish, null);
    return viewFrom(noFacts, store, host);
  } finally {
    lock.release();
  }
}
