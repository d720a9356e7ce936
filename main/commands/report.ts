/** `tollkeeper report`: one month's spend by one dimension, as a table or as JSON. Reads the rollups; works beside a running engine. */
import { AppError } from '../../shared/contract/errors.ts';
import {
  monthDimensions,
  type MonthDimension,
  type MonthView,
  type PendingBatch,
  type RefusedSum,
} from '../../shared/contract/api.ts';
import { formatUsd } from '../../shared/money.ts';
import type { UnpricedView } from '../../shared/contract/unpriced.ts';
import { createDayOf, isMonth, monthOfDay } from '../../shared/period.ts';
import { unpricedAdvice } from '../../shared/pricing/unpriced-advice.ts';
import { refusedWords } from '../../shared/refused-words.ts';
import { hasAmount, sumInWords, unpricedWords } from '../../shared/spend-words.ts';
import { readPendingBatches } from '../ledger/batches.ts';
import { readMonth } from '../ledger/read-spend.ts';
import { readUnpriced } from '../ledger/read-unpriced.ts';
import { demoLabel, writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf, openForReading } from './ledger-reader.ts';
import { layOut } from './table.ts';

export type ReportFlags = {
  readonly home?: string;
  readonly month?: string;
  readonly by?: string;
  readonly json?: boolean;
};

export async function report(flags: ReportFlags, host: Host): Promise<ExitCode> {
  const by = dimensionOf(flags.by ?? 'project');
  if (flags.month !== undefined && !isMonth(flags.month)) {
    throw new AppError('bad_usage', `"${flags.month}" is not a month.`, 'Write it as 2026-11.');
  }
  const ledger = openForReading(homeOf(flags.home, host));
  if (ledger === null) {
    writeLine(
      flags.json ? host.stdout : host.stderr,
      flags.json ? JSON.stringify({ rows: [] }) : 'No calls yet: there is no ledger in this home folder.',
    );
    return 0;
  }
  const { db, timeZone, isDemo } = ledger;
  const today = createDayOf(timeZone)(host.clock.nowMs());
  const view = readMonth(db, { month: flags.month ?? monthOfDay(today), by, today, timeZone });
  const unpriced = readUnpriced(db, { month: view.month });
  const pendingBatches = readPendingBatches(db, { nowMs: host.clock.nowMs() });
  db.close();
  const report = { view, isDemo, unpriced, pendingBatches };
  if (flags.json) writeLine(host.stdout, JSON.stringify(asJson(report)));
  else for (const line of asText(report)) writeLine(host.stdout, line);
  return 0;
}

function dimensionOf(text: string): MonthDimension {
  const found = monthDimensions.find((dimension) => dimension === text);
  if (found) return found;
  throw new AppError(
    'bad_usage',
    `A report cannot be made by "${text}".`,
    `Choose one of ${monthDimensions.join(', ')}.`,
  );
}

type Report = {
  readonly view: MonthView;
  readonly isDemo: boolean;
  readonly unpriced: UnpricedView;
  readonly pendingBatches: readonly PendingBatch[];
};

function asJson({ view: { month, timeZone, by, total, rows, refused }, isDemo, unpriced, pendingBatches }: Report) {
  const row = ({ key, spend }: MonthView['rows'][number]) => ({
    [by]: key,
    ...spend,
    costUsd: formatUsd(spend.costNanoUsd, 9).slice(1),
  });
  return {
    month,
    timeZone,
    by,
    isDemo,
    total: { ...total, costUsd: formatUsd(total.costNanoUsd, 9).slice(1) },
    rows: rows.map(row),
    refused: { ...refused, wouldCostUsd: formatUsd(refused.wouldCostNanoUsd, 9).slice(1) },
    unpricedReasons: unpriced.reasons.map(({ reason, calls }) => ({ reason, calls })),
    pendingBatches,
  };
}

function asText({
  view: { month, timeZone, by, total, rows, refused },
  isDemo,
  unpriced,
  pendingBatches,
}: Report): string[] {
  const columns = [by, 'cost', 'calls', 'unpriced', 'estimated', 'input', 'cache write', 'cache read', 'output'];
  const cells = rows.map(({ key, spend }) => [
    key ?? 'unassigned',
    hasAmount(spend) ? formatUsd(spend.costNanoUsd, 4) : 'unpriced',
    count(spend.calls),
    count(spend.unpricedCalls),
    count(spend.estimatedCalls),
    count(spend.inputTokens),
    count(spend.cacheWriteTokens),
    count(spend.cacheReadTokens),
    count(spend.outputTokens),
  ]);
  return [
    ...(isDemo ? [demoLabel] : []),
    `${month} (${timeZone}): ${sumInWords(total)}, ${count(total.calls)} ${total.calls === 1 ? 'call' : 'calls'}`,
    '',
    ...layOut(
      columns.map((title, index) => ({ title, align: index === 0 ? 'left' : 'right' })),
      cells,
    ),
    ...unpricedText(unpriced),
    ...refusedText(refused, total.calls),
    ...batchesText(pendingBatches),
  ];
}

/** Each reason with its number and what to do about it. */
function unpricedText({ calls, reasons, otherCalls }: UnpricedView): string[] {
  if (calls === 0) return [];
  return [
    '',
    `${unpricedWords(calls)}, in no sum above:`,
    ...reasons.map((told) => `- ${count(told.calls)}: ${told.reason} ${unpricedAdvice(told.reason).sentence}`),
    ...(otherCalls > 0 ? [`- ${count(otherCalls)} more: the export has the reason of each (unpriced_reason).`] : []),
  ];
}

function refusedText(refused: RefusedSum, calls: number): string[] {
  const words = refusedWords(refused, calls, 4);
  return words === null ? [] : ['', words];
}

function batchesText(batches: readonly PendingBatch[]): string[] {
  if (batches.length === 0) return [];
  const requests = batches.reduce((sum, batch) => sum + batch.requests, 0);
  const ended = batches.filter(({ status }) => status === 'ended').length;
  return [
    '',
    `${count(batches.length)} ${batches.length === 1 ? 'batch waits' : 'batches wait'} for ${batches.length === 1 ? 'its' : 'their'} results, ${count(requests)} ${requests === 1 ? 'request' : 'requests'} in all${ended > 0 ? `; ${count(ended)} ended and can be fetched` : ''}. A batch costs nothing until its results are fetched through Tollkeeper’s address, half price then; they are kept for 29 days.`,
  ];
}

/** "–" for nothing, as on the screens. */
function count(value: number): string {
  return value === 0 ? '–' : value.toLocaleString('en-US');
}
