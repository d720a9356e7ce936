/** `tollkeeper report`: one month's spend by one dimension, as a table or as JSON. Reads the rollups; works beside a running engine. */
import { AppError } from '../../shared/contract/errors.ts';
import { monthDimensions, type MonthDimension, type MonthView } from '../../shared/contract/api.ts';
import { formatUsd } from '../../shared/money.ts';
import { createDayOf, isMonth, monthOfDay } from '../../shared/period.ts';
import { readMonth } from '../ledger/read-spend.ts';
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
  db.close();
  if (flags.json) writeLine(host.stdout, JSON.stringify(asJson(view, isDemo)));
  else for (const line of asText(view, isDemo)) writeLine(host.stdout, line);
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

function asJson({ month, timeZone, by, total, rows }: MonthView, isDemo: boolean) {
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
  };
}

function asText({ month, timeZone, by, total, rows }: MonthView, isDemo: boolean): string[] {
  const unpriced = total.unpricedCalls === 0 ? '' : ` + ${count(total.unpricedCalls)} calls unpriced`;
  const columns = [by, 'cost', 'calls', 'unpriced', 'estimated', 'input', 'cache write', 'cache read', 'output'];
  const cells = rows.map(({ key, spend }) => [
    key ?? 'unassigned',
    formatUsd(spend.costNanoUsd, 4),
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
    `${month} (${timeZone}): ${formatUsd(total.costNanoUsd)}${unpriced}, ${count(total.calls)} calls`,
    '',
    ...layOut(
      columns.map((title, index) => ({ title, align: index === 0 ? 'left' : 'right' })),
      cells,
    ),
  ];
}

/** "–" for nothing, as on the screens. */
function count(value: number): string {
  return value === 0 ? '–' : value.toLocaleString('en-US');
}
