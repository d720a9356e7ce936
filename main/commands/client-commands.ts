/** The commands around clients: pointing them at the proxy, the keys that members call with, and who made a call. Declared here, done in their own files. */
import type { Command } from 'commander';

import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

/** A command is loaded when it is asked for: most of the time of a short one is starting, and `report` needs no proxy. */
export type Run = <Part>(loading: Promise<Part>, command: (part: Part) => Promise<number>) => Promise<void>;

export function addClientCommands(program: Command, run: Run, host: Host): void {
  addPointing(program, run, host);
  addMembers(program, run, host);
}

function addPointing(program: Command, run: Run, host: Host): void {
  const clientCommand = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--member <name>', 'who makes the calls')
      .option('--project <name>', 'what for')
      .option('--home <dir>', 'the folder of the ledger and the settings');
  clientCommand('run <command...>', 'run a command through the proxy; direct when the proxy is not there')
    .addHelpText('after', '\nExample: tollkeeper run --member alice --project webshop -- claude')
    .action((command: string[], flags) => run(import('./run.ts'), (part) => part.run(command, flags, host)));
  clientCommand('env', 'print the line that points a shell at the proxy')
    .option('--shell <shell>', 'sh, fish or powershell (default: the one you use)')
    .addHelpText('after', '\nExample: eval "$(tollkeeper env)"')
    .action((flags) => run(import('./env.ts'), (part) => part.env(flags, host)));
}

function addMembers(program: Command, run: Run, host: Host): void {
  const keys = program
    .command('keys')
    .description('member keys: who may call, instead of the API key')
    .addHelpText('after', '\nExample: tollkeeper keys create alice --project webshop');
  const keyCommand = declareIn(keys);
  const loadKeys = () => import('./keys.ts');
  keyCommand('list', 'every key, by its id; never the key itself', { example: 'keys', isDefault: true }).action(
    (flags) => run(loadKeys(), ({ keysList }) => keysList(flags, host)),
  );
  keyCommand('create <member>', 'make a key; it is shown this once', {
    example: 'keys create alice --project webshop --name laptop',
  })
    .option('--project <name>', 'what its calls are for')
    .option('--name <name>', 'what you call it, as "laptop"')
    .action((member: string, flags) => run(loadKeys(), ({ keysCreate }) => keysCreate(member, flags, host)));
  keyCommand('rotate <id>', 'a new key for the old one, which works for another 24 hours', {
    example: 'keys rotate key_1 --now',
  })
    .option('--now', 'the old one works no more')
    .action((id: string, flags) => run(loadKeys(), ({ keysRotate }) => keysRotate(id, flags, host)));
  keyCommand('revoke <id>', 'refuse calls with it from now on', { example: 'keys revoke key_1' }).action(
    (id: string, flags) => run(loadKeys(), ({ keysRevoke }) => keysRevoke(id, flags, host)),
  );
  keyCommand('rename <id> <name>', 'call it something else', {
    example: 'keys rename key_1 "build server"',
  }).action((id: string, name: string, flags) =>
    run(loadKeys(), ({ keysRename }) => keysRename(id, name, flags, host)),
  );
  program
    .command('assign [call]')
    .description('say afterwards who made a call, or all like it')
    .option('--conversation <id>', 'every unassigned call of a conversation')
    .option('--user <name>', 'every unassigned call of a user, as the client names them (metadata.user_id)')
    .option('--unassigned-of <client>', 'every unassigned call of a client ("unknown" for those that told no name)')
    .requiredOption('--member <name>', 'who made them')
    .option('--project <name>', 'what for; left as it is unless named')
    .option('--home <dir>', 'the folder of the ledger and the settings')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: tollkeeper assign --unassigned-of claude-cli --member alice')
    .action((call: string | undefined, flags) => run(import('./assign.ts'), ({ assign }) => assign(call, flags, host)));
}
