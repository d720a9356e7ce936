/** The commands around the metering plan. Declared here, done in plan.ts. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addPlanCommands(program: Command, run: Run, host: Host): void {
  const plan = program
    .command('plan')
    .description('what Stripe is told of a call: cost, tokens, or tokens of each model')
    .addHelpText('after', '\nExample: tollkeeper plan set cost --markup 20 --markup-for cus_123=12.5');
  const planCommand = declareIn(plan);
  const load = () => import('./plan.ts');
  planCommand('show', 'the plan in force, since when, and what comes next', {
    example: 'plan show',
    isDefault: true,
  }).action((flags) => run(load(), ({ planShow }) => planShow(flags, host)));
  planCommand('set [kind]', 'change it from the next minute on; what is not named stays', {
    example: 'plan set tokens-by-model --trial',
  })
    .option('--markup <percent>', 'added to the cost of every customer without a markup of its own')
    .option(
      '--markup-for <customer=percent>',
      'of one customer; "default" in place of the percentage: as for all',
      together,
    )
    .option('--event-name <name>', 'the meter of plan cost')
    .option('--event-prefix <prefix>', 'what the names of the token meters begin with')
    .option('--trial', 'only tell what would happen')
    .addHelpText('after', '\nKinds: cost, tokens, tokens-by-model.')
    .action((kind: string | undefined, flags) => run(load(), ({ planSet }) => planSet(kind, flags, host)));
}

function together(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
