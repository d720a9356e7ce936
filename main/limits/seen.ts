/**
 * What the limits have said, for the screens: the warnings of conversations, calls that were refused, budgets that reached a step, and a failure of the
 * limits' own code. In memory and bounded; it decides nothing.
 */
import type { BudgetWarningRow, ConversationWarning, RefusedCall } from '../../shared/contract/limits-view.ts';
import type { DayOf } from '../../shared/period.ts';
import { periodOf } from './budget-period.ts';
import type { KeptBudgetWarning } from '../../shared/contract/limits-start.ts';

/** Whether its conversation is let on is known elsewhere. */
export type StoppedCall = Omit<RefusedCall, 'letOn'>;

export type SeenSummary = {
  readonly refused: StoppedCall[];
  readonly budgetWarnings: BudgetWarningRow[];
  readonly limitsFailure: string | null;
};

export type Seen = {
  readonly warned: (conversation: string, warnings: readonly ConversationWarning[]) => void;
  /** Oldest first. */
  readonly warningsOf: (conversation: string) => ConversationWarning[];
  readonly refused: (call: StoppedCall) => void;
  readonly budgetWarned: (warning: KeptBudgetWarning) => void;
  readonly failed: (sentence: string) => void;
  readonly summary: (nowMs: number) => SeenSummary;
};

const conversationsMax = 2_000;
const warningsPerConversationMax = 10;
const listMax = 10;
const hourMs = 3_600_000;

export function createSeen(dayOf: DayOf): Seen {
  const warnings = new Map<string, ConversationWarning[]>();
  let refused: StoppedCall[] = [];
  let budgetWarnings: KeptBudgetWarning[] = [];
  let limitsFailure: string | null = null;
  return {
    warned: (conversation, more) => {
      if (more.length === 0) return;
      const all = [...(warnings.get(conversation) ?? []), ...more].slice(-warningsPerConversationMax);
      keep(warnings, conversation, all);
    },
    warningsOf: (conversation) => warnings.get(conversation) ?? [],
    refused: (call) => {
      refused = [call, ...refused].slice(0, listMax);
    },
    budgetWarned: (warning) => {
      budgetWarnings = [warning, ...budgetWarnings].slice(0, listMax);
    },
    failed: (sentence) => {
      limitsFailure = sentence;
    },
    summary: (nowMs) => ({
      refused: refused.filter(({ atMs }) => atMs > nowMs - hourMs),
      budgetWarnings: budgetWarnings
        .filter(({ per, period }) => period === periodOf(per, dayOf(nowMs)))
        .map(({ period: _period, ...warning }) => warning),
      limitsFailure,
    }),
  };
}

/** Deleting first moves it to the end, so that the map's order is the order of use. */
function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name);
  map.set(name, value);
  const oldest = map.keys().next();
  if (map.size > conversationsMax && !oldest.done) map.delete(oldest.value);
}
