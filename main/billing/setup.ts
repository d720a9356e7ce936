/**
 * Sets a Stripe account up for the plan in force: reads what is there, decides (decide-setup.ts), shows it, and does what was shown. A step that fails does
 * not keep another from being done; what needs it is skipped. Nothing of it is remembered here: the account itself is what the next run goes by.
 */
import type { SetupResult, SetupStep, SetupView } from '../../shared/contract/stripe-setup.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { periodAt } from '../../shared/pricing/price-book.ts';
import { hashText } from '../system/hash-text.ts';
import {
  changesAccount,
  decideSetup,
  lookupKeyOf,
  needsOf,
  type AccountCatalog,
  type WantedMeter,
} from './decide-setup.ts';
import type { AllowRead, OpenedAccount } from './stripe-side.ts';
import type { StripeFailure } from './stripe-failure.ts';
import { unitPriceOf, type PriceRules } from './unit-price.ts';

export type SetupRules = PriceRules & {
  /** Models that were used: what the plan tokens-by-model makes meters for. */
  readonly models: readonly string[];
  readonly isDemo: boolean;
  readonly runId: string;
};

export async function viewSetup(account: OpenedAccount, rules: SetupRules, allow: AllowRead): Promise<SetupView> {
  return (await prepare(account, rules, allow)).view;
}

/** @throws AppError `changed_meanwhile` where what is to be done is not what was shown. */
export async function applySetup(
  account: OpenedAccount,
  rules: SetupRules,
  allow: AllowRead,
  revision: string,
): Promise<SetupResult> {
  const { view, wanted } = await prepare(account, rules, allow);
  if (view.revision !== revision)
    throw new AppError(
      'changed_meanwhile',
      'What is to be done in the account is not what was shown: it, the plan or the prices were changed since.',
      'Look at the steps again, then do them.',
    );
  const steps = await carryOut(account, rules, view.steps, wanted);
  return { mode: view.mode, accountId: view.accountId, steps, ...tell(steps) };
}

async function prepare(account: OpenedAccount, rules: SetupRules, allow: AllowRead) {
  const { readCatalog } = await import('./stripe-catalog.ts');
  const wanted = metersOf(rules.plan, rules.models).map((meter) => ({ meter, price: unitPriceOf(meter, rules) }));
  const lookupKeys = wanted.filter(({ price }) => price.kind === 'price').map(({ meter }) => lookupKeyOf(meter));
  const catalog = await readCatalog(account.client, lookupKeys, allow);
  return { view: viewOf(account, rules, wanted, catalog), wanted };
}

function viewOf(
  { accountId, mode }: OpenedAccount,
  rules: SetupRules,
  wanted: readonly WantedMeter[],
  catalog: AccountCatalog,
): SetupView {
  const steps = decideSetup(wanted, catalog);
  return {
    mode: rules.isDemo ? 'demo' : mode,
    accountId,
    plan: rules.plan.kind,
    revision: hashText(JSON.stringify([accountId, mode, steps])),
    steps,
    toDo: steps.filter(changesAccount).length,
    toDecide: steps.filter(isForAPerson).length,
    notes: notesOf(rules, wanted),
  };
}

function isForAPerson({ action }: SetupStep): boolean {
  return action === 'conflict' || action === 'by_hand' || action === 'unknown';
}

function notesOf(rules: SetupRules, wanted: readonly WantedMeter[]): string[] {
  const { plan, models } = rules;
  if (plan.kind === 'cost') return ['Markups are in the values that are sent, so one price serves every customer.'];
  const own = Object.keys(plan.customerMarkupPercent).length;
  const isPriced = wanted.some(({ price }) => price.kind === 'price');
  return [
    ...(plan.kind === 'tokens-by-model' && models.length === 0
      ? ['No model has been used yet. Run this again once calls have come in: each model gets meters of its own.']
      : []),
    ...(isPriced
      ? [
          'Prices are those of standard calls: long prompts, batches, fast mode and data residency cost Anthropic’s own rates and are counted by the same meter.',
        ]
      : []),
    ...pricesThatChange(rules),
    ...(own > 0
      ? [
          `${own === 1 ? 'A customer has' : `${own} customers have`} a markup of their own, which needs prices of their own in Stripe.`,
        ]
      : []),
  ];
}

function pricesThatChange({ plan, models, book, nowMs }: SetupRules): string[] {
  if (plan.kind !== 'tokens-by-model') return [];
  return models.flatMap((model) => {
    const prices = book.find(model);
    const until = prices === null ? null : periodAt(prices, nowMs).until;
    return until === null ? [] : [`The prices of ${model} change on ${until.slice(0, 10)}: run this again then.`];
  });
}

type Done = SetupResult['steps'][number];

async function carryOut(
  { client }: OpenedAccount,
  rules: SetupRules,
  steps: readonly SetupStep[],
  wanted: readonly WantedMeter[],
): Promise<Done[]> {
  const [{ performStep }, { failureOf }] = await Promise.all([
    import('./stripe-steps.ts'),
    import('./stripe-failure.ts'),
  ]);
  /** What is there by now, as "meter name", with Stripe's id. */
  const there = new Map<string, string>();
  const meterIds = new Map<string, string>();
  const done: Done[] = [];

  function note(step: SetupStep, id: string): void {
    there.set(`${step.what} ${step.name}`, id);
    if (step.what === 'meter') meterIds.set(step.name, id);
  }

  async function one(step: SetupStep): Promise<Done> {
    if (step.action === 'none' && step.id !== null) note(step, step.id);
    if (!changesAccount(step)) return { ...step, outcome: step.action === 'none' ? 'found' : 'left' };
    const missing = needsOf(step, wanted).find((need) => !there.has(need));
    if (missing !== undefined)
      return { ...step, outcome: 'skipped', sentence: `It needs the ${missing}, which is not there.` };
    try {
      const id = await performStep(step, { client, wanted, meterIds, runId: rules.runId });
      note(step, id);
      return { ...step, id, outcome: 'done' };
    } catch (error) {
      return { ...step, ...wordsOf(failureOf(error)), outcome: 'failed' };
    }
  }

  for (const step of steps) done.push(await one(step));
  return done;
}

function wordsOf({ sentence, remedy }: StripeFailure) {
  return { sentence, remedy };
}

function tell(steps: readonly Done[]): Pick<SetupResult, 'isComplete' | 'sentence'> {
  const count = (...outcomes: readonly Done['outcome'][]) =>
    steps.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const open = steps.filter((step) => step.outcome === 'failed' || step.outcome === 'skipped' || isStopping(step));
  const made = count('done');
  const left = steps.filter(({ outcome, action }) => outcome === 'left' && action === 'by_hand').length;
  const words = [
    made === 0 && open.length === 0
      ? 'Nothing was to be done: everything is there.'
      : `${things(made)} done, ${things(count('found'))} there already.`,
    ...(open.length > 0 ? [`${things(open.length)} not done: see each, then run it again.`] : []),
    ...(left > 0 ? [`${left === 1 ? '1 price is' : `${left} prices are`} yours to make.`] : []),
  ];
  return { isComplete: open.length === 0, sentence: words.join(' ') };
}

/** Without it calls are not billed, or not read. */
function isStopping({ action }: SetupStep): boolean {
  return action === 'conflict' || action === 'unknown';
}

function things(count: number): string {
  return count === 1 ? '1 step' : `${count} steps`;
}
