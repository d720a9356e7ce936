/** The commands around the price book: what is in force, a file of the user's own, pricing past calls again. Declared here, done in prices.ts and prices-apply.ts. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addPriceCommands(program: Command, run: Run, host: Host): void {
  const priceBook = program
    .command('prices')
    .description('the prices in force')
    .addHelpText('after', '\nExample: tollkeeper prices check our-prices.json');
  const priceCommand = declareIn(priceBook);
  priceCommand('list', 'every model, and what no proxy can know; --json prints the file format', {
    example: 'prices --json > our-prices.json',
    isDefault: true,
  }).action((flags) => run(import('./prices.ts'), ({ prices }) => prices(flags, host)));
  priceCommand('check <file>', 'whether a price file can be used, and what it would change', {
    example: 'prices check our-prices.json',
  }).action((file: string, flags) => run(import('./prices.ts'), ({ pricesCheck }) => pricesCheck(file, flags, host)));
  priceCommand('apply <file>', 'put a price file in force', {
    example: 'prices apply our-prices.json',
  }).action((file: string, flags) =>
    run(import('./prices-apply.ts'), ({ pricesApply }) => pricesApply(file, flags, host)),
  );
  priceCommand('reset', 'put the book that ships in force again', { example: 'prices reset' }).action((flags) =>
    run(import('./prices-apply.ts'), ({ pricesReset }) => pricesReset(flags, host)),
  );
  priceCommand('rerate', 'price past calls again; the old figures stay visible', {
    example: 'prices rerate --from 2026-11-01 --trial',
  })
    .option('--from <day>', 'first day, as 2026-11-01')
    .option('--to <day>', 'last day')
    .option('--trial', 'only tell what would change')
    .action((flags) => run(import('./prices-apply.ts'), ({ pricesRerate }) => pricesRerate(flags, host)));
}
