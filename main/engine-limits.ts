/** The limits of an engine, given its ledger: what they read and keep, the rows of calls they refuse, and whom they tell. */
import type { CallRow } from '../shared/contract/api.ts';
import type { PriceBook } from '../shared/pricing/price-book.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Ledger } from './ledger/open.ts';
import { createEngineLimits } from './limits/engine-limits.ts';
import type { LimitsStart } from '../shared/contract/limits-start.ts';
import { rowOf } from './live/row.ts';

type Connection = {
  readonly timeZone: string;
  readonly book: () => PriceBook;
  readonly start: LimitsStart;
  readonly onRefused: (row: CallRow) => void;
};

export function connectLimits(
  { settings, clock, log, onNotice }: EngineOptions,
  ledger: Ledger,
  { onRefused, ...connection }: Connection,
) {
  const limits = createEngineLimits({
    settings: settings.limits,
    clock,
    ...connection,
    ledger: {
      budgetSums: (question) => ledger.write('budgetSums', question),
      keepMemory: (memory) => ledger.write('keepLimits', memory),
      keepWarnings: (warnings) => ledger.write('keepWarnings', warnings),
      keepBudgetWarnings: (warnings) => ledger.write('keepBudgetWarnings', warnings),
      keepParent: (kept) => ledger.write('keepParent', kept),
    },
    recordRefused: (call, settled) =>
      ledger.writer.settle(call, settled, () => onRefused(rowOf(call, settled.outcome))),
    onNotice: (sentence) => {
      log.warn('limits', { sentence });
      onNotice?.(sentence);
    },
  });
  return limits;
}
