/**
 * `tollkeeper stripe …`: sets the account up, maps projects and members to customers, releases calls that waited for one. What changes something is shown
 * first and then asked about on a terminal; elsewhere it is only shown unless `--yes` is given. Exit 1 when something is left to do.
 */
import { AppError } from '../../shared/contract/errors.ts';
import {
  createCustomerSchema,
  mapRequestSchema,
  releaseRequestSchema,
  type ReleaseRequest,
} from '../../shared/contract/stripe-customers.ts';
import type { SetupView } from '../../shared/contract/stripe-setup.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { withBilling } from './stripe-link.ts';
import { accountText, customersText, mappingText, releaseText, setupResultText, setupText } from './stripe-text.ts';

export type StripeFlags = { readonly home?: string; readonly json?: boolean };
type Asking = StripeFlags & { readonly yes?: boolean };

export function stripeAccount(flags: StripeFlags & { readonly giveUp?: boolean }, host: Host): Promise<ExitCode> {
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const view = await (flags.giveUp ? billing.giveUpAccount() : billing.account());
    print(view, accountText(view), flags, host);
    return view.key.isOpen ? 0 : 1;
  });
}

export function stripeSetup(flags: Asking, host: Host): Promise<ExitCode> {
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const view = await billing.setup();
    if (!flags.json) for (const line of setupText(view)) writeLine(host.stdout, line);
    const isWanted =
      view.toDo > 0 &&
      (await isAgreed(
        `Do ${view.toDo === 1 ? 'this step' : `these ${view.toDo} steps`} in the ${view.mode} account ${view.accountId}?`,
        flags,
        host,
      ));
    const result = isWanted ? await billing.applySetup(view.revision) : null;
    if (flags.json) writeLine(host.stdout, JSON.stringify({ plan: view, result }));
    else if (result !== null) for (const line of setupResultText(result)) writeLine(host.stdout, line);
    else if (view.toDo > 0) writeLine(host.stdout, 'Nothing was changed. Run it with --yes to do this.');
    return (result?.isComplete ?? isSetUp(view)) ? 0 : 1;
  });
}

function isSetUp({ toDo, steps }: SetupView): boolean {
  return toDo === 0 && steps.every(({ action }) => action === 'none' || action === 'by_hand');
}

export function stripeCustomers(search: string, flags: StripeFlags, host: Host): Promise<ExitCode> {
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const view = await billing.customers(search.trim());
    print(view, customersText(view, search), flags, host);
    return view.customers.length > 0 ? 0 : 1;
  });
}

export function stripeCreateCustomer(
  name: string,
  flags: StripeFlags & { readonly email?: string },
  host: Host,
): Promise<ExitCode> {
  const wish = createCustomerSchema.safeParse({ name, email: flags.email ?? null });
  if (!wish.success) {
    const field = wish.error.issues[0]?.path[0] === 'email' ? '--email' : 'The name';
    throw new AppError('bad_usage', `${field} cannot be used.`, 'Give a name, and an address as billing@example.com.');
  }
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const row = await billing.createCustomer(wish.data);
    print(row, [`${row.name ?? row.id} is the customer ${row.id}.`], flags, host);
    return 0;
  });
}

export function stripeMapping(flags: StripeFlags, host: Host): Promise<ExitCode> {
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const view = await billing.view();
    print(view, mappingText(view), flags, host);
    return 0;
  });
}

type MapWish = { readonly kind: string; readonly name: string; readonly customer: string | null };

export function stripeMap(
  wish: MapWish,
  flags: StripeFlags & { readonly unchecked?: boolean },
  host: Host,
): Promise<ExitCode> {
  const request = mapRequestSchema.safeParse({ ...wish, isUnchecked: flags.unchecked === true });
  if (!request.success) throw unusable(request.error.issues[0]?.path[0]);
  const { kind, name, customer } = request.data;
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const view = await billing.map(request.data);
    const [sentence, waiting] = [
      customer === null ? `The ${kind} ${name} is billed to nobody` : `The ${kind} ${name} is billed to ${customer}`,
      view.unmapped.find((group) => (kind === 'project' ? group.project : group.member) === name),
    ];
    const calls = waiting === undefined || customer === null ? 0 : waiting.calls;
    const hint =
      calls > 0 ? [`${calls} earlier calls wait for a customer: \`tollkeeper stripe release ${kind} ${name}\`.`] : [];
    print(view, [`${sentence}, from the next call on.`, ...hint], flags, host);
    return 0;
  });
}

type ReleaseWish = {
  readonly kind: string;
  readonly name: string | undefined;
  readonly customer: string | undefined;
};

export function stripeRelease(
  wish: ReleaseWish,
  flags: Asking & { readonly older?: boolean },
  host: Host,
): Promise<ExitCode> {
  const request = releaseRequest(wish, flags.older === true);
  return withBilling(homeOf(flags.home, host), host, async (billing): Promise<ExitCode> => {
    const trial = await billing.release({ ...request, isTrial: true });
    const { customer } = trial;
    const isNothing = trial.calls === 0 && !trial.older.isReleased;
    if (!flags.json) for (const line of releaseText(trial)) writeLine(host.stdout, line);
    const isWanted = !isNothing && (await isAgreed(`Bill them to ${customer}?`, flags, host));
    const answer = isWanted ? await billing.release({ ...request, customer, isTrial: false }) : trial;
    if (flags.json) writeLine(host.stdout, JSON.stringify(answer));
    else if (isWanted) for (const line of releaseText(answer)) writeLine(host.stdout, line);
    else if (!isNothing) writeLine(host.stdout, 'Nothing was changed. Run it with --yes to do this.');
    return isWanted ? 0 : 1;
  });
}

/** @throws AppError `bad_usage`. */
function releaseRequest({ kind, name, customer }: ReleaseWish, withOlder: boolean): ReleaseRequest {
  // Nobody has no name: what stands in its place is the customer.
  const named = kind === 'nobody' ? { name: undefined, customer: name } : { name, customer };
  const hasName = kind === 'project' || kind === 'member' || kind === 'customer';
  const which = hasName ? { kind, [kind]: named.name } : { kind };
  const request = releaseRequestSchema.safeParse({ which, customer: named.customer ?? null, withOlder });
  if (request.success) return request.data;
  throw unusable(request.error.issues[0]?.path.at(-1) === 'customer' ? 'customer' : 'kind');
}

function unusable(field: PropertyKey | undefined): AppError {
  return field === 'customer'
    ? new AppError(
        'bad_usage',
        'That is no id of a Stripe customer.',
        'One starts with cus_, see `tollkeeper stripe customers`.',
      )
    : new AppError(
        'bad_usage',
        'It is not said what is to be billed.',
        'Write project NAME or member NAME, as in `tollkeeper stripe map project webshop cus_123`.',
      );
}

/** `--yes`, or a yes on a terminal; without either nothing is done. */
async function isAgreed(question: string, { yes, json }: Asking, { confirm }: Host): Promise<boolean> {
  if (yes) return true;
  return !json && confirm ? confirm(question) : false;
}

function print(value: unknown, lines: readonly string[], { json }: StripeFlags, { stdout }: Host): void {
  for (const line of json ? [JSON.stringify(value)] : lines) writeLine(stdout, line);
}
