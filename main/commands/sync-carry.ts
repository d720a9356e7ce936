/**
 * `tollkeeper sync carry-forward CUSTOMER [SUM] [--create]`: what is billed by an invoice item. Without a sum it shows what is proposed and asks nothing
 * of Stripe; the sum is the person's yes, so that nothing is marked or made that they have not seen. With `--create` the item is made in Stripe.
 */
import { itemOutcomeSchema, type ItemOutcome } from '../../shared/contract/invoice-items.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { parseUsd } from '../../shared/money.ts';
import { readCarryForward } from '../ledger/carry-forwards.ts';
import { readCarriedCalls } from '../ledger/read-carried-calls.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { carryForwardText } from './carry-text.ts';
import { homeOf, openForReading } from './ledger-reader.ts';
import { through, type SyncFlags } from './sync.ts';

export type CarryFlags = SyncFlags & { readonly create?: boolean };

export async function syncCarryForward(
  customer: string,
  sum: string | undefined,
  flags: CarryFlags,
  host: Host,
): Promise<ExitCode> {
  if (sum === undefined && flags.create === true)
    throw new AppError('bad_usage', '--create makes an item of the sum that you name.', seeSum(customer));
  if (sum === undefined) return show(customer, flags, host);
  const nanoUsd = parseUsd(
    sum
      .replace(/^([-−]?)\$/, '$1')
      .replace('−', '-')
      .replaceAll(',', ''),
  );
  // A dollar sign would be eaten by a shell.
  if (nanoUsd === null)
    throw new AppError('bad_usage', `"${sum}" is not a sum.`, `Name it as 38.20. ${seeSum(customer)}`);
  return flags.create === true ? create(customer, nanoUsd, flags, host) : mark(customer, nanoUsd, flags, host);
}

function seeSum(customer: string): string {
  return `See \`tollkeeper sync carry-forward ${customer}\` for the sum with all its digits.`;
}

function show(customer: string, flags: CarryFlags, host: Host): ExitCode {
  const ledger = openForReading(homeOf(flags.home, host));
  if (ledger === null)
    throw new AppError('not_found', 'There is no ledger in this home folder.', 'Name the folder with --home.');
  const nowMs = host.clock.nowMs();
  const proposed = readCarryForward(ledger.db, { customer, nowMs });
  const calls = readCarriedCalls(ledger.db, { customer, nowMs });
  ledger.db.close();
  if (flags.json) writeLine(host.stdout, JSON.stringify({ ...proposed, callsOf: calls }));
  else for (const line of carryForwardText(proposed, calls)) writeLine(host.stdout, line);
  return 0;
}

async function mark(customer: string, nanoUsd: number, flags: CarryFlags, host: Host): Promise<ExitCode> {
  await through(homeOf(flags.home, host), host, {
    engine: (ask) => ask('POST', carryPath(customer), { nanoUsd }),
    alone: async (sync) => {
      if (await sync.carryForward(customer, nanoUsd)) return;
      const sentence = 'What is proposed of this customer is not this sum.';
      throw new AppError('not_found', sentence, seeSum(customer));
    },
  });
  const done = `What was proposed of ${customer} is marked as billed by an invoice item.`;
  writeLine(host.stdout, flags.json ? '{}' : done);
  return 0;
}

/** Exit 1 when it was not made, or is not known to be. */
async function create(customer: string, nanoUsd: number, flags: CarryFlags, host: Host): Promise<ExitCode> {
  const outcome = await through<ItemOutcome>(homeOf(flags.home, host), host, {
    engine: async (ask) => itemOutcomeSchema.parse(await ask('POST', `${carryPath(customer)}/item`, { nanoUsd })),
    alone: (sync) => sync.createItem(customer, nanoUsd),
  });
  writeLine(host.stdout, flags.json ? JSON.stringify(outcome) : outcome.sentence);
  return outcome.kind === 'created' || outcome.kind === 'found' ? 0 : 1;
}

function carryPath(customer: string): string {
  return `/api/stripe/carry-forwards/${encodeURIComponent(customer)}`;
}
