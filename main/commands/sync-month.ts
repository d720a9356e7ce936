/**
 * `tollkeeper sync month CUSTOMER [--month YYYY-MM]`: the ledger's days of a customer beside Stripe's figures. Stripe is asked; where it cannot be, what
 * was read last is shown with the reason. Exit 1 when a day differs without a cause that time mends, or the ledger's parts do not add up.
 */
import { customerMonthReadSchema, type CustomerMonthRead } from '../../shared/contract/stripe-month.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { createDayOf, isMonth, monthOfDay } from '../../shared/period.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { monthText } from './month-text.ts';
import { through, type SyncFlags } from './sync.ts';

export type MonthFlags = SyncFlags & { readonly month?: string };

export async function syncMonth(customer: string, flags: MonthFlags, host: Host): Promise<ExitCode> {
  if (flags.month !== undefined && !isMonth(flags.month))
    throw new AppError('bad_usage', `"${flags.month}" is not a month.`, 'Name it as 2026-11.');
  const month = flags.month ?? monthOfDay(createDayOf('UTC')(host.clock.nowMs()));
  const read = await through<CustomerMonthRead>(homeOf(flags.home, host), host, {
    engine: async (ask) =>
      customerMonthReadSchema.parse(
        await ask('POST', `/api/stripe/months/${encodeURIComponent(customer)}/read`, { month }),
      ),
    alone: (sync) => sync.readMonth(customer, month),
  });
  if (flags.json) writeLine(host.stdout, JSON.stringify(read));
  else for (const line of monthText(read)) writeLine(host.stdout, line);
  return read.meters.every((meter) => meter.leftThousandths === 0 && (meter.differenceValue ?? 0) === 0) ? 0 : 1;
}
