/** The commands around the Stripe account: set-up, customers, who is billed for whom. Declared here, done in stripe.ts. */
import type { Command } from 'commander';

import type { Run } from './client-commands.ts';
import { declareIn } from './declare-command.ts';
import type { Host } from './host.ts';

export function addStripeCommands(program: Command, run: Run, host: Host): void {
  const stripe = program
    .command('stripe')
    .description('the Stripe account: set-up, customers, who is billed for whom')
    .addHelpText('after', '\nExample: tollkeeper stripe setup');
  const command = declareIn(stripe);
  const load = () => import('./stripe.ts');

  command('account', 'whose account this ledger is billed to, and what the key must be allowed', {
    example: 'stripe account',
  })
    .option('--give-up', 'bind the ledger anew with the next key; only while nothing was sent')
    .action((flags) => run(load(), ({ stripeAccount }) => stripeAccount(flags, host)));
  command('setup', 'find or make the meters, the product and the prices; shows it first, safe to repeat', {
    example: 'stripe setup --yes',
  })
    .option('--yes', 'do it without asking')
    .action((flags) => run(load(), ({ stripeSetup }) => stripeSetup(flags, host)));
  command('mapping', 'who is billed for whom, and which calls wait for a customer', {
    example: 'stripe mapping',
  }).action((flags) => run(load(), ({ stripeMapping }) => stripeMapping(flags, host)));
  command('map <kind> <name> <customer>', 'bill a project or a member to a customer, from the next call on', {
    example: 'stripe map project webshop cus_123',
  })
    .option('--unchecked', 'without asking Stripe whether it knows the customer')
    .addHelpText('after', '\nKind: project or member.')
    .action((kind: string, name: string, customer: string, flags) =>
      run(load(), ({ stripeMap }) => stripeMap({ kind, name, customer }, flags, host)),
    );
  command('unmap <kind> <name>', 'bill it to nobody, from the next call on', {
    example: 'stripe unmap project webshop',
  }).action((kind: string, name: string, flags) =>
    run(load(), ({ stripeMap }) => stripeMap({ kind, name, customer: null }, flags, host)),
  );
  command('release <kind> [name] [customer]', 'bill calls that waited for a customer; shows it first', {
    example: 'stripe release project webshop',
  })
    .option('--older', 'those that left Stripe’s 35 days as well, by an invoice item')
    .option('--yes', 'do it without asking')
    .addHelpText(
      'after',
      '\nKind: project, member, or nobody for calls that name neither. The customer may be left out where one is mapped.' +
        '\nCustomer for the calls of one that Stripe does not know: tollkeeper stripe release customer cus_wrong cus_123',
    )
    .action((kind: string, name: string | undefined, customer: string | undefined, flags) =>
      run(load(), ({ stripeRelease }) => stripeRelease({ kind, name, customer }, flags, host)),
    );
  const customers = stripe
    .command('customers')
    .description('the account’s customers')
    .addHelpText('after', '\nExample: tollkeeper stripe customers alpine');
  const ofCustomers = declareIn(customers);
  ofCustomers('list [search]', 'the newest, or those with this in their name or address', {
    example: 'stripe customers alpine',
    isDefault: true,
  }).action((search: string | undefined, flags) =>
    run(load(), ({ stripeCustomers }) => stripeCustomers(search ?? '', flags, host)),
  );
  ofCustomers('create <name>', 'make a customer', {
    example: 'stripe customers create "Alpine Ltd" --email billing@alpine.example',
  })
    .option('--email <address>', 'where its invoices go')
    .action((name: string, flags) =>
      run(load(), ({ stripeCreateCustomer }) => stripeCreateCustomer(name, flags, host)),
    );
}
