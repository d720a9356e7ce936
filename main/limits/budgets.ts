/**
 * Budgets over the reservation book: which accounts a call falls under, what the ledger's rollups put in them, and the warnings at 50, 80 and 100 percent,
 * each once for a budget and period, whatever brought it there: a call, or what the ledger says after an import. A call belongs to the day on which it
 * began, as everywhere.
 */
import type { Attribution } from '../../shared/call.ts';
import type { Budget, BudgetKind, BudgetPeriod } from '../../shared/contract/limits.ts';
import type { DaySpend } from '../../shared/contract/limits-start.ts';
import { budgetKinds, budgetPeriods } from '../../shared/contract/limits.ts';
import { budgetWarningPercents } from '../../shared/contract/limits-view.ts';
import { monthOfDay, previousMonth } from '../../shared/period.ts';
import { periodOf } from './budget-period.ts';
import { createReservationBook, type Account, type AccountSums } from './reservation-book.ts';

export type Who = Pick<Attribution, 'member' | 'project' | 'customer'>;

export type BudgetAccount = Account & { readonly budget: Budget; readonly whose: string | null };

export type BudgetWarning = {
  readonly account: BudgetAccount;
  readonly percent: (typeof budgetWarningPercents)[number];
  readonly spentNanoUsd: number;
  /** The day or month of it. */
  readonly period: string;
};

/** A step that was told, with those below it. */
export type ToldStep = {
  readonly of: BudgetKind;
  readonly whose: string | null;
  readonly period: string;
  readonly limitNanoUsd: number;
  readonly percent: number;
};

export type BudgetRefusal = { readonly account: BudgetAccount; readonly sums: AccountSums; readonly isHeld: boolean };

export type Budgets = {
  /** Null when the call may go; its reservation then stands until `settle` or `release`. */
  readonly reserve: (call: BudgetCall, expectedNanoUsd: number, isLetOn: boolean) => BudgetRefusal | null;
  /** Reserves without asking, for what has been let through before, on whatever day. */
  readonly hold: (call: BudgetCall, expectedNanoUsd: number) => void;
  readonly release: (callId: string) => void;
  /** Ends the reservation of the call, if it has one, and counts what it cost. Any call, from whatever source. */
  readonly settle: (call: BudgetCall, costNanoUsd: number) => readonly BudgetWarning[];
  /** What the ledger holds of this month: replaces what was known. */
  readonly load: (rows: readonly DaySpend[]) => void;
  /** The steps that the budgets in force on this day have reached and that nobody was told of; now they are. */
  readonly untold: (day: string) => readonly BudgetWarning[];
  /** What is spent, what calls on their way have reserved and what was told stays, and counts in those that are new, too. */
  readonly setBudgets: (budgets: readonly Budget[]) => void;
  readonly sums: (kind: BudgetKind, whose: string | null, per: BudgetPeriod, day: string) => AccountSums;
  /** Every budget in force on this day, one entry for each whom it is for and who has spent or reserved in its period. */
  readonly accounts: (day: string) => readonly (BudgetAccount & { readonly sums: AccountSums })[];
  readonly size: () => { readonly accounts: number; readonly reservations: number };
};

export type BudgetCall = Who & { readonly id: string; readonly day: string };

const dayMs = 86_400_000;

export function createBudgets(start: readonly Budget[], toldBefore: readonly ToldStep[] = []): Budgets {
  const book = createReservationBook();
  const told = new Set(toldBefore.flatMap(toldKeysOf));
  const onTheirWay = new Map<string, BudgetCall>();
  let budgets = start;
  let newestDay = '';

  /** What began before midnight may end after it: yesterday and last month stay. */
  function forgetPast(day: string): void {
    if (day <= newestDay) return;
    newestDay = day;
    const yesterday = new Date(Date.parse(`${day}T00:00:00Z`) - dayMs).toISOString().slice(0, 10);
    const isPast = (key: string) => {
      const period = periodIn(key);
      return period.length === day.length ? period < yesterday : period < previousMonth(monthOfDay(day));
    };
    book.forget(isPast);
    for (const key of told) if (isPast(key)) told.delete(key);
  }

  /** Tells each step that has been reached and was not told before; of several at once the highest. */
  function warningsFor(accounts: readonly BudgetAccount[]): BudgetWarning[] {
    return accounts.flatMap(({ key, limitNanoUsd, budget, whose }) => {
      const account = { key, limitNanoUsd, budget, whose };
      const { spentNanoUsd } = book.sums(key);
      const reached = budgetWarningPercents.filter((percent) => spentNanoUsd * 100 >= limitNanoUsd * percent);
      const fresh = reached.filter((percent) => !told.has(toldKey(account, percent)));
      for (const percent of fresh) told.add(toldKey(account, percent));
      const percent = fresh.at(-1);
      return percent === undefined ? [] : [{ account, percent, spentNanoUsd, period: periodIn(key) }];
    });
  }

  function accounts(day: string) {
    const keys = [...book.keys()];
    return budgets.flatMap((budget) => namesOf(budget, keys, day).map((whose) => withSums(budget, whose, day)));
  }

  function noteOnTheWay({ id, day, member, project, customer }: BudgetCall): void {
    onTheirWay.set(id, { id, day, member, project, customer });
  }

  function release(callId: string): void {
    onTheirWay.delete(callId);
    book.release(callId);
  }

  function withSums(budget: Budget, whose: string | null, day: string) {
    const key = keyOf(budget.of, whose, periodOf(budget.per, day));
    return { key, limitNanoUsd: budget.limitNanoUsd, budget, whose, sums: book.sums(key) };
  }

  return {
    reserve: (call, expectedNanoUsd, isLetOn) => {
      // By the day of a call that begins now: what is imported may carry any date.
      forgetPast(call.day);
      const accounts = accountsOf(budgets, call);
      const outcome = book.reserve(call.id, accounts, expectedNanoUsd, isLetOn);
      if (outcome.kind === 'reserved') {
        noteOnTheWay(call);
        return null;
      }
      const account = accounts.find(({ key }) => key === outcome.account.key);
      if (!account) throw new RangeError('the book named an account that the call does not fall under');
      return { account, sums: outcome.sums, isHeld: outcome.isHeld };
    },
    hold: (call, expectedNanoUsd) => {
      book.reserve(call.id, accountsOf(budgets, call), expectedNanoUsd, true);
      noteOnTheWay(call);
    },
    release,
    settle: (call, costNanoUsd) => {
      release(call.id);
      book.spend(keysOf(call), costNanoUsd);
      return warningsFor(accountsOf(budgets, call));
    },
    load: (rows) => {
      book.forget(() => true);
      for (const row of rows) book.spend(keysOf(row), row.costNanoUsd);
    },
    untold: (day) => warningsFor(accounts(day)),
    setBudgets: (next) => {
      budgets = next;
      for (const call of onTheirWay.values())
        book.move(
          call.id,
          accountsOf(budgets, call).map(({ key }) => key),
        );
    },
    accounts,
    sums: (kind, whose, per, day) => book.sums(keyOf(kind, whose, periodOf(per, day))),
    size: book.size,
  };
}

/** Sums are kept for everybody, with a budget or without, so that a budget that is set later knows what has been spent. */
function keysOf(call: Who & { readonly day: string }): string[] {
  return budgetKinds.flatMap((kind) =>
    budgetPeriods.map((per) => keyOf(kind, nameIn(kind, call), periodOf(per, call.day))),
  );
}

function accountsOf(budgets: readonly Budget[], call: Who & { readonly day: string }): BudgetAccount[] {
  return budgets.flatMap((budget) => {
    const whose = nameIn(budget.of, call);
    const isTheirs = budget.of === 'team' || (budget.name === null ? whose !== null : budget.name === whose);
    if (!isTheirs) return [];
    const key = keyOf(budget.of, whose, periodOf(budget.per, call.day));
    return [{ key, limitNanoUsd: budget.limitNanoUsd, budget, whose }];
  });
}

/** Whom a budget is for. One for each of a kind is for those who have an account in the period. */
function namesOf({ of, name, per }: Budget, keys: readonly string[], day: string): (string | null)[] {
  if (of === 'team' || name !== null) return [name];
  const [head, tail] = [`${of}/`, `/${periodOf(per, day)}`];
  return keys
    .filter((key) => key.startsWith(head) && key.endsWith(tail))
    .map((key) => key.slice(head.length, -tail.length))
    .filter((whose) => whose !== '');
}

function nameIn(kind: BudgetKind, who: Who): string | null {
  return kind === 'team' ? null : who[kind];
}

/** The period stands last, after the last slash: names may hold slashes. */
function keyOf(kind: BudgetKind, whose: string | null, period: string): string {
  return `${kind}/${whose ?? ''}/${period}`;
}

function periodIn(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function toldKeysOf({ of, whose, period, limitNanoUsd, percent }: ToldStep): string[] {
  const account = { key: keyOf(of, whose, period), limitNanoUsd };
  return budgetWarningPercents.filter((step) => step <= percent).map((step) => toldKey(account, step));
}

function toldKey({ key, limitNanoUsd }: Account, percent: number): string {
  return `${limitNanoUsd}@${percent}/${key}`;
}
