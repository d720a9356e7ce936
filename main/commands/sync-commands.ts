/** The commands around the outbox: what waits for Stripe, and what a person decides about it. Declared here, done in sync.ts. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addSyncCommands(program: Command, run: Run, host: Host): void {
  const sync = program
    .command('sync')
    .description('what waits for Stripe')
    .addHelpText('after', '\nExample: tollkeeper sync now');
  const syncCommand = declareIn(sync);
  const load = () => import('./sync.ts');
  syncCommand('status', 'what waits, what it is worth, what went wrong', {
    example: 'sync status --json',
    isDefault: true,
  }).action((flags) => run(load(), ({ syncStatus }) => syncStatus(flags, host)));
  syncCommand('show <id>', 'one meter event and the calls it sums', { example: 'sync show tk2:cus_123:…' }).action(
    (id: string, flags) => run(load(), ({ syncShow }) => syncShow(id, flags, host)),
  );
  syncCommand('now', 'send what waits', { example: 'sync now' }).action((flags) =>
    run(load(), ({ syncNow }) => syncNow(flags, host)),
  );
  syncCommand('retry <id>', 'send one again', { example: 'sync retry tk2:cus_123:…' }).action((id: string, flags) =>
    run(load(), ({ syncRetry }) => syncRetry(id, flags, host)),
  );
  syncCommand('set-aside <id>', 'bill one that was refused another way', {
    example: 'sync set-aside tk2:cus_123:…',
  }).action((id: string, flags) => run(load(), ({ syncSetAside }) => syncSetAside(id, flags, host)));
  syncCommand(
    'carry-forward <customer> [sum]',
    'what is billed by an invoice item; its sum says that it stands on one',
    { example: 'sync carry-forward --create cus_123 38.20' },
  )
    .option('--create', 'make the item of this sum in Stripe')
    .action((customer: string, sum: string | undefined, flags) =>
      run(import('./sync-carry.ts'), ({ syncCarryForward }) => syncCarryForward(customer, sum, flags, host)),
    );
  syncCommand('month <customer>', 'a customer’s month: the ledger’s days beside Stripe’s figures', {
    example: 'sync month cus_123 --month 2026-11',
  })
    .option('--month <month>', 'as 2026-11 (default: the running one)')
    .action((customer: string, flags) =>
      run(import('./sync-month.ts'), ({ syncMonth }) => syncMonth(customer, flags, host)),
    );
}
