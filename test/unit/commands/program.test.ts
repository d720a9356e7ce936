/** Every command says how it is used, and a word that is no command is told as that. */
import { PassThrough } from 'node:stream';

import type { Command } from 'commander';
import { expect, it } from 'vitest';

import { createProgram } from '../../../main/commands/program.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { systemIds } from '../../../main/system/ids.ts';

const host = {
  env: {},
  platform: 'linux' as const,
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  clock: systemClock,
  ids: systemIds,
  stopped: () => new Promise<void>(() => {}),
  confirm: null,
  rendererFolder: null,
};
const program = () => createProgram({ host, onDone: () => {}, prepare: () => {} });

function everyCommand(
  command: Command,
  path: readonly string[] = [],
): { readonly path: string; readonly command: Command }[] {
  return command.commands.flatMap((sub) => {
    const at = [...path, sub.name()];
    return [{ path: at.join(' '), command: sub }, ...everyCommand(sub, at)];
  });
}

const commands = everyCommand(program());

it.each(commands)('`$path --help` has an example that begins with it', ({ path, command }) => {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  const [group = ''] = path.split(' ');
  expect(text).toMatch(new RegExp(`Example: .*tollkeeper ${group}`));
});

it.each(['sync', 'plan', 'prices', 'limits', 'keys'])('`%s bogus` names the commands there are', async (group) => {
  await expect(program().parseAsync([group, 'bogus'], { from: 'user' })).rejects.toMatchObject({
    code: 'bad_usage',
    message: `There is no command "${group} bogus".`,
    remedy: expect.stringMatching(/^There are: \w+, /),
  });
});

it('`stripe bogus` is bad usage as well', async () => {
  const stripe = program();
  stripe.commands.find((command) => command.name() === 'stripe')?.configureOutput({ writeErr: () => {} });
  await expect(stripe.parseAsync(['stripe', 'bogus'], { from: 'user' })).rejects.toMatchObject({
    code: 'commander.unknownCommand',
  });
});
