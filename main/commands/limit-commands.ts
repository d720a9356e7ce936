/** The commands around limits: what holds, changing it, and letting one conversation on. Declared here, done in their own files. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addLimitCommands(program: Command, run: Run, host: Host): void {
  program
    .command('allow <conversation>')
    .description('let a conversation on past its limits')
    .option('--for <duration>', 'as 30m, 1h, 2d, or good (default 1h)')
    .option('--revoke', 'no more')
    .option('--home <dir>', 'the folder of the ledger and the settings')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample: tollkeeper allow prompt_1a2b3c --for 1h')
    .action((conversation: string, flags) =>
      run(import('./allow.ts'), ({ allow }) => allow(conversation, flags, host)),
    );
  const limits = program
    .command('limits')
    .description('the context limit, the call ceiling and the budgets')
    .addHelpText('after', '\nExample: tollkeeper limits budget member:alice 20 --per day');
  const limitCommand = declareIn(limits);
  const load = () => import('./limits.ts');
  limitCommand('show', 'what holds, and which variable wins over the settings file', {
    example: 'limits show',
    isDefault: true,
  }).action((flags) => run(load(), ({ limitsShow }) => limitsShow(flags, host)));
  limitCommand('set', 'change a limit; what is not named stays', {
    example: 'limits set --context 300000 --project research',
  })
    .option('--context <tokens>', 'tokens that a prompt may hold, or off')
    .option('--ceiling <usd>', 'dollars that a call may be expected to cost, or off')
    .option('--project <name>', 'these two for one project; "all" in their place is as for all')
    .option('--cut-mid-stream <on|off>', 'cut an answer whose running cost passes the ceiling')
    .option('--drain <on|off>', 'read an answer to its end when its client leaves')
    .option('--warning-header <on|off>', 'say warnings in a header of the answer')
    .option('--count-tokens <on|off>', 'ask Anthropic for the exact count near the context limit')
    .action((flags) => run(load(), ({ limitsSet }) => limitsSet(flags, host)));
  limitCommand('budget <whose> <usd>', 'set one budget; "off" removes it', {
    example: 'limits budget team 600 --per month',
  })
    .option('--per <period>', 'day or month', 'month')
    .addHelpText(
      'after',
      '\nWhose: team, member:alice, project:webshop, customer:cus_…; member, project or customer alone is each of them.',
    )
    .action((whose: string, usd: string, flags) =>
      run(load(), ({ limitsBudget }) => limitsBudget(whose, usd, flags, host)),
    );
}
