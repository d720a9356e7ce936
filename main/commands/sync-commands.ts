/** The commands around the outbox: what waits for Stripe, and what a person decides about it. Declared here, done in sync.ts. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import type { Host } from './host.ts';

export function addSyncCommands(program: Command, run: Run, host: Host): void {
  const sync = program
    .command('sync')
    .description('what waits for Stripe')
    .addHelpText('after', '\nExample: tollkeeper sync now');
  const syncCommand = (name: string, description: string, isDefault = false) =>
    sync
      .command(name, { isDefault })
      .description(description)
      .option('--home <dir>', 'the folder of the ledger and the settings')
      .option('--json', 'print JSON');
  const load = () => import('./sync.ts');
  syncCommand('status', 'what waits, what it is worth, what went wrong', true).action((flags) =>
    run(load(), ({ syncStatus }) => syncStatus(flags, host)),
  );
  syncCommand('show <id>', 'one meter event and the calls it sums').action((id: string, flags) =>
    run(load(), ({ syncShow }) => syncShow(id, flags, host)),
  );
  syncCommand('now', 'send what waits').action((flags) => run(load(), ({ syncNow }) => syncNow(flags, host)));
  syncCommand('retry <id>', 'send one again').action((id: string, flags) =>
    run(load(), ({ syncRetry }) => syncRetry(id, flags, host)),
  );
  syncCommand('set-aside <id>', 'bill one that was refused another way').action((id: string, flags) =>
    run(load(), ({ syncSetAside }) => syncSetAside(id, flags, host)),
  );
  syncCommand('carry-forward <customer> [sum]', 'what is billed by an invoice item; its sum says that it stands on one')
    .option('--create', 'make the item of this sum in Stripe')
    .action((customer: string, sum: string | undefined, flags) =>
      run(import('./sync-carry.ts'), ({ syncCarryForward }) => syncCarryForward(customer, sum, flags, host)),
    );
  syncCommand('month <customer>', 'a customer’s month: the ledger’s days beside Stripe’s figures')
    .option('--month <month>', 'as 2026-11 (default: the running one)')
    .action((customer: string, flags) =>
      run(import('./sync-month.ts'), ({ syncMonth }) => syncMonth(customer, flags, host)),
    );
}
