/** The commands that read the ledger, fill it from elsewhere or check it. Declared here, done in their own files. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addLedgerCommands(program: Command, run: Run, host: Host): void {
  const command = declareIn(program);
  command('report', 'spend of a month', { example: 'report --month 2026-11 --by member' })
    .option('--month <YYYY-MM>', 'default: the running month')
    .option('--by <dimension>', 'member, project, model, customer or day', 'project')
    .action((flags) => run(import('./report.ts'), ({ report }) => report(flags, host)));
  program
    .command('export')
    .description('every settled call, one a line')
    .option('--from <day>', 'first day, as 2026-11-01')
    .option('--to <day>', 'last day')
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option('--home <dir>', 'the folder of the ledger and the settings')
    .addHelpText('after', '\nExample: tollkeeper export --from 2026-11-01 --format csv > november.csv')
    .action((flags) => run(import('./export.ts'), ({ exportLedger }) => exportLedger(flags, host)));
  const imports = program
    .command('import')
    .description('usage that did not pass the proxy; safe to repeat')
    .addHelpText('after', '\nExample: tollkeeper import claude-code');
  const importCommand = declareIn(imports);
  importCommand(
    'claude-code [dir]',
    'transcripts of Claude Code (default: CLAUDE_CONFIG_DIR, ~/.claude, ~/.config/claude)',
    { example: 'import claude-code' },
  ).action((dir: string | undefined, flags) =>
    run(import('./import-claude-code.ts'), ({ importClaudeCode }) => importClaudeCode(dir, flags, host)),
  );
  importCommand('ledger <file>', 'a teammate’s export (JSONL)', { example: 'import ledger alice.jsonl' }).action(
    (file: string, flags) => run(import('./import.ts'), ({ importExport }) => importExport(file, flags, host)),
  );
  command('verify', 'check that the ledger adds up', { example: 'verify' }).action((flags) =>
    run(import('./verify.ts'), ({ verify }) => verify(flags, host)),
  );
  command('doctor', 'check the whole set-up', { example: 'doctor' }).action((flags) =>
    run(import('./doctor.ts'), ({ doctor }) => doctor(flags, host)),
  );
}
