#!/usr/bin/env node
/**
 * Host 2: `tollkeeper <command>`, headless. The only file of this host that reads the environment and ends the process.
 * Exit codes: 0 done, 1 the answer is no, 2 bad usage, 3 failed; `run` ends with its command's own. Errors go to stderr as one sentence and a remedy, never as a stack.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { Command, CommanderError } from 'commander';

import { isAppError } from '../shared/contract/errors.ts';
import { wholeNumber } from './settings/environment.ts';
import { addClientCommands, type Run } from './commands/client-commands.ts';
import { addLimitCommands } from './commands/limit-commands.ts';
import { addPlanCommands } from './commands/plan-commands.ts';
import { addStripeCommands } from './commands/stripe-commands.ts';
import { addSyncCommands } from './commands/sync-commands.ts';
import { writeLine, type ExitCode, type Host } from './commands/host.ts';
import { systemClock } from './system/clock.ts';
import { keepCompiledCode } from './system/code-cache.ts';
import { homeFolder } from './system/home-folder.ts';
import { systemIds } from './system/ids.ts';
import { errorText } from './system/error-text.ts';
import { version } from './system/version.ts';

const host: Host = {
  env: process.env,
  platform: process.platform,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  ids: systemIds,
  stopped: firstSignal,
  confirm: process.stdin.isTTY && process.stdout.isTTY ? confirm : null,
  rendererFolder: findRenderer(),
};

/** Anything but a yes is a no, and so is the end of the input. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  terminal.close();
  return /^y(?:es)?$/i.test(answer.trim());
}

/** npm hands on a Ctrl-C that the terminal has already given this process: a signal so soon after the first is the same one. */
const sameSignalMs = 1_000;

/** For `serve`, which alone asks for it: the first signal closes in order; a later one does not wait for it. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const nowMs = systemClock.monotonicMs();
        if (askedAtMs !== null && nowMs - askedAtMs > sameSignalMs) process.exit(3);
        askedAtMs ??= nowMs;
        resolve();
      });
    }
  });
}

/** From source the build stands in out/renderer; in a build it stands beside out/main. */
function findRenderer(): string | null {
  const folders = [join(import.meta.dirname, '..', 'out', 'renderer'), join(import.meta.dirname, '..', 'renderer')];
  return folders.find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
}

/**
 * The Stripe SDK writes for its own users to stderr: a hint for Claude Code when it runs inside it, notices of the test mode. Not where `run` hands this
 * environment on; it loads no SDK.
 */
function quietStripe(): void {
  delete process.env['CLAUDECODE'];
  delete process.env['CLAUDE_CODE_CHILD_SESSION'];
  process.env['STRIPE_SUPPRESS_NOTICES'] = 'true';
}

function build(onDone: (code: number) => void): Command {
  const program = new Command('tollkeeper')
    .version(version)
    .description('Meters a team’s Claude calls and bills them.')
    .exitOverride()
    .hook('preAction', (_program, command) => {
      const { home: flag, demo } = command.opts<{ home?: string; demo?: boolean }>();
      keepCompiledCode(homeFolder({ flag, env: process.env, platform: process.platform, isDemo: demo === true }));
      if (command.name() !== 'run') quietStripe();
    });
  const home = ['--home <dir>', 'the folder of the ledger and the settings'] as const;
  const json = ['--json', 'print JSON'] as const;
  const port = (text: string) => wholeNumber(text, 'The port');
  const run: Run = async (loading, command) => onDone(await command(await loading));

  program
    .command('serve')
    .description('run the proxy and the dashboard until Ctrl-C')
    .option('--demo', 'simulate Anthropic and Stripe, with a small team at work')
    .option(...home)
    .option('--port <number>', 'port of the proxy (default 4141, 0 picks a free one)', port)
    .option('--ui-port <number>', 'port of the dashboard (default 4142, 0 picks a free one)', port)
    .option('--upstream <url>', 'where calls go (default https://api.anthropic.com)')
    .option('--json', 'print one line of JSON once both accept connections')
    .addHelpText('after', '\nExample: tollkeeper serve --demo')
    .action((flags) => run(import('./commands/serve.ts'), ({ serve }) => serve(flags, host)));
  program
    .command('report')
    .description('spend of a month')
    .option('--month <YYYY-MM>', 'default: the running month')
    .option('--by <dimension>', 'member, project, model, customer or day', 'project')
    .option(...home)
    .option(...json)
    .addHelpText('after', '\nExample: tollkeeper report --month 2026-11 --by member')
    .action((flags) => run(import('./commands/report.ts'), ({ report }) => report(flags, host)));
  program
    .command('export')
    .description('every settled call, one a line')
    .option('--from <day>', 'first day, as 2026-11-01')
    .option('--to <day>', 'last day')
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option(...home)
    .addHelpText('after', '\nExample: tollkeeper export --from 2026-11-01 --format csv > november.csv')
    .action((flags) => run(import('./commands/export.ts'), ({ exportLedger }) => exportLedger(flags, host)));
  const imports = program
    .command('import')
    .description('usage that did not pass the proxy; safe to repeat')
    .addHelpText('after', '\nExample: tollkeeper import claude-code');
  imports
    .command('claude-code [dir]')
    .description('transcripts of Claude Code (default: CLAUDE_CONFIG_DIR, ~/.claude, ~/.config/claude)')
    .option(...home)
    .option(...json)
    .action((dir: string | undefined, flags) =>
      run(import('./commands/import-claude-code.ts'), ({ importClaudeCode }) => importClaudeCode(dir, flags, host)),
    );
  imports
    .command('ledger <file>')
    .description('a teammate’s export (JSONL)')
    .option(...home)
    .option(...json)
    .action((file: string, flags) =>
      run(import('./commands/import.ts'), ({ importExport }) => importExport(file, flags, host)),
    );
  addSyncCommands(program, run, host);
  addStripeCommands(program, run, host);
  addClientCommands(program, run, host);
  addLimitCommands(program, run, host);
  addPlanCommands(program, run, host);
  addPriceCommands(program, run);
  program
    .command('verify')
    .description('check that the ledger adds up')
    .option(...home)
    .option(...json)
    .action((flags) => run(import('./commands/verify.ts'), ({ verify }) => verify(flags, host)));
  program
    .command('doctor')
    .description('check the whole set-up')
    .option(...home)
    .option(...json)
    .action((flags) => run(import('./commands/doctor.ts'), ({ doctor }) => doctor(flags, host)));
  return program;
}

function addPriceCommands(program: Command, run: Run): void {
  const priceBook = program
    .command('prices')
    .description('the prices in force')
    .addHelpText('after', '\nExample: tollkeeper prices check our-prices.json');
  const priceCommand = (name: string, description: string, isDefault = false) =>
    priceBook
      .command(name, { isDefault })
      .description(description)
      .option('--home <dir>', 'the folder of the ledger and the settings')
      .option('--json', 'print JSON');
  priceCommand('list', 'every model, and what no proxy can know; --json prints the file format', true).action((flags) =>
    run(import('./commands/prices.ts'), ({ prices }) => prices(flags, host)),
  );
  priceCommand('check <file>', 'whether a price file can be used, and what it would change').action(
    (file: string, flags) => run(import('./commands/prices.ts'), ({ pricesCheck }) => pricesCheck(file, flags, host)),
  );
  priceCommand('apply <file>', 'put a price file in force').action((file: string, flags) =>
    run(import('./commands/prices-apply.ts'), ({ pricesApply }) => pricesApply(file, flags, host)),
  );
  priceCommand('reset', 'put the book that ships in force again').action((flags) =>
    run(import('./commands/prices-apply.ts'), ({ pricesReset }) => pricesReset(flags, host)),
  );
  priceCommand('rerate', 'price past calls again; the old figures stay visible')
    .option('--from <day>', 'first day, as 2026-11-01')
    .option('--to <day>', 'last day')
    .option('--trial', 'only tell what would change')
    .action((flags) => run(import('./commands/prices-apply.ts'), ({ pricesRerate }) => pricesRerate(flags, host)));
}

function codeOf(error: unknown): ExitCode {
  // Help and version are asked for; everything else that commander throws is usage, which it has explained already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!isAppError(error)) {
    writeLine(
      process.stderr,
      `Tollkeeper failed: ${errorText(error)}. Please report it with the log of the home folder.`,
    );
    return 3;
  }
  writeLine(process.stderr, `${error.message} ${error.remedy}`);
  return error.code === 'bad_usage' || error.code === 'bad_settings' ? 2 : 3;
}

// The reader of a pipe (head, less) has seen enough: that is an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await build((code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (error) {
  process.exitCode = codeOf(error);
}
// Keep-alive sockets of the clients inside (SDKs) would hold the process open; everything is closed and written by now.
if (process.stdout.writableLength === 0) process.exit();
process.stdout.once('drain', () => process.exit());
