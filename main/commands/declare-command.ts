/**
 * Declares the commands of one group alike: the folder and JSON as options, an example under `--help`. The default of a group stands for the group alone: a
 * word that names no command of it is told as that, with those there are, not as one word too many.
 */
import type { Command } from 'commander';

import { AppError } from '../../shared/contract/errors.ts';

export type Declared = {
  /** What follows `tollkeeper` on a line that works. */
  readonly example: string;
  readonly isDefault?: boolean;
};

export function declareIn(group: Command) {
  return (name: string, description: string, { example, isDefault = false }: Declared): Command => {
    const command = group
      .command(name, { isDefault })
      .description(description)
      .option('--home <dir>', 'the folder of the ledger and the settings')
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExample: tollkeeper ${example}`);
    // Arguments of its own, as a part of a name that is looked for, may be any word.
    return isDefault && command.registeredArguments.length === 0 ? refuseOtherWords(command) : command;
  };
}

function refuseOtherWords(command: Command): Command {
  return command.allowExcessArguments().hook('preAction', ({ parent, args: [word] }) => {
    if (word === undefined || parent === null) return;
    const names = parent.commands.map((sibling) => sibling.name()).join(', ');
    throw new AppError('bad_usage', `There is no command "${parent.name()} ${word}".`, `There are: ${names}.`);
  });
}
