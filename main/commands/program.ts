/** Every command of `tollkeeper`, declared; what each does is loaded when it is asked for. Reads no environment and ends no process: that is cli.ts's. */
import { Command } from 'commander';

import { wholeNumber } from '../settings/environment.ts';
import { version } from '../system/version.ts';
import { addClientCommands, type Run } from './client-commands.ts';
import type { Host } from './host.ts';
import { addLedgerCommands } from './ledger-commands.ts';
import { addLimitCommands } from './limit-commands.ts';
import { addPlanCommands } from './plan-commands.ts';
import { addPriceCommands } from './price-commands.ts';
import { addStripeCommands } from './stripe-commands.ts';
import { addSyncCommands } from './sync-commands.ts';

export type ProgramParts = {
  readonly host: Host;
  readonly onDone: (code: number) => void;
  /** Before whichever command was asked for. */
  readonly prepare: (command: Command) => void;
};

export function createProgram({ host, onDone, prepare }: ProgramParts): Command {
  const run: Run = async (loading, command) => onDone(await command(await loading));
  const program = new Command('tollkeeper')
    .version(version)
    .description('Meters a team’s Claude calls and bills them.')
    .exitOverride()
    .hook('preAction', (_program, command) => prepare(command));
  addServe(program, run, host);
  addLedgerCommands(program, run, host);
  addSyncCommands(program, run, host);
  addStripeCommands(program, run, host);
  addClientCommands(program, run, host);
  addLimitCommands(program, run, host);
  addPlanCommands(program, run, host);
  addPriceCommands(program, run, host);
  return program;
}

function addServe(program: Command, run: Run, host: Host): void {
  const port = (text: string) => wholeNumber(text, 'The port');
  program
    .command('serve')
    .description('run the proxy and the dashboard until Ctrl-C')
    .option('--demo', 'simulate Anthropic and Stripe, with a small team at work')
    .option('--home <dir>', 'the folder of the ledger and the settings')
    .option('--port <number>', 'port of the proxy (default 4141, 0 picks a free one)', port)
    .option('--ui-port <number>', 'port of the dashboard (default 4142, 0 picks a free one)', port)
    .option('--upstream <url>', 'where calls go (default https://api.anthropic.com)')
    .option('--json', 'print one line of JSON once both accept connections')
    .addHelpText('after', '\nExample: tollkeeper serve --demo')
    .action((flags) => run(import('./serve.ts'), ({ serve }) => serve(flags, host)));
}
