/**
 * The metering plan while an engine runs: what the settings file wants, and putting a change in force with the next minute, whether it comes through the API
 * or from an editor. When it is in force is the ledger's to say (ledger/plans-in-force.ts).
 *
 * A file that cannot be used, or a plan that the ledger refuses, changes nothing: what was in force stays, and the trouble is shown until it is mended.
 * Changes follow one another.
 */
import { isAppError } from '../shared/contract/errors.ts';
import type { Plan } from '../shared/contract/plan.ts';
import type { PlanView } from '../shared/contract/plan-view.ts';
import { isSamePlan } from '../shared/dated-plan.ts';
import { planViewOf } from '../shared/plan-view-of.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Ledger } from './ledger/open.ts';
import { refuseClash } from './ledger/plans-in-force.ts';
import { watchFile } from './settings/file-watch.ts';
import { planRevision, savePlan, usablePlan } from './settings/plan-in-file.ts';
import { errorText } from './system/error-text.ts';

export type EnginePlan = {
  readonly view: () => Promise<PlanView>;
  /** @throws what `usablePlan` and `savePlan` throw, AppError `bad_usage` for a meter of two units; nothing is changed then. */
  readonly change: (wish: unknown, revision: string | null) => Promise<PlanView>;
  readonly close: () => void;
};

export function openEnginePlan(
  { settings, settingsStore: store, clock, log, onNotice }: EngineOptions,
  { read, write }: Pick<Ledger, 'read' | 'write'>,
): EnginePlan {
  let wanted = settings.plan;
  let trouble: PlanView['trouble'] = null;
  let last: Promise<unknown> = Promise.resolve();

  async function putInForce(plan: Plan, by: string): Promise<void> {
    if (!isSamePlan(plan, wanted)) {
      await write('usePlan', { plan, nowMs: clock.nowMs() });
      wanted = plan;
      log.info('plan changed', { by, kind: plan.kind });
    }
    trouble = null;
  }

  /** What the file says, put in force; null where it cannot be used. */
  async function readFile(): Promise<Plan | null> {
    let plan: Plan;
    try {
      plan = store.read().inFile.plan;
    } catch (error) {
      if (!isAppError(error)) throw error;
      // Whoever watches this host is told of it by the limits, which stand in the same file (engine-rules.ts).
      trouble = { message: error.message, remedy: error.remedy };
      return null;
    }
    try {
      await putInForce(plan, 'the settings file');
    } catch (error) {
      if (!isAppError(error)) throw error;
      tell({ message: error.message, remedy: error.remedy });
    }
    return plan;
  }

  function tell(next: NonNullable<typeof trouble>): void {
    const isNews = trouble?.message !== next.message;
    trouble = next;
    if (!isNews) return;
    const sentence = `${next.message} The metering plan in force stays as it was. ${next.remedy}`;
    log.warn('plan', { sentence });
    onNotice?.(sentence);
  }

  async function view(): Promise<PlanView> {
    const inFile = await readFile();
    const facts = await read('planFacts', null);
    const revision = inFile === null ? null : planRevision(inFile);
    return planViewOf({ facts, nowMs: clock.nowMs(), file: store.file, inFile, revision, trouble });
  }

  async function change(wish: unknown, revision: string | null): Promise<PlanView> {
    const plan = usablePlan(wish);
    // Before the file says so: it must not want what the ledger refuses.
    const { plans } = await read('planFacts', null);
    refuseClash(
      plan,
      plans.map((dated) => dated.plan),
    );
    savePlan(store, plan, revision);
    await putInForce(plan, 'the dashboard or a command');
    return view();
  }

  /** One after the other: a look at the file must not meet a change half made. */
  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = last.then(step);
    last = turn.catch(() => {});
    return turn;
  }

  const watch = watchFile(store.file, clock, () => {
    inTurn(readFile).catch((error: unknown) =>
      log.error('the plan could not be put in force', { reason: errorText(error) }),
    );
  });
  return {
    view: () => inTurn(view),
    change: (wish, revision) => inTurn(() => change(wish, revision)),
    close: watch.close,
  };
}
