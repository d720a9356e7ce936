/**
 * The billing room as the API and the commands speak to it: set-up, customers, who is billed for whom. It is handed Stripe by whoever knows the key, only
 * once it is certain whose account that is; the SDK is loaded with the first question.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { defaultPlan } from '../../shared/default-plan.ts';
import type { CreateCustomer, CustomersView, StripeCustomerRow } from '../../shared/contract/stripe-customers.ts';
import type { SetupResult, SetupView, StripeAccountView } from '../../shared/contract/stripe-setup.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { modeOfBinding } from '../../shared/stripe-binding.ts';
import { newKeyLink, stripePermissions } from '../../shared/stripe-permissions.ts';
import { readsPerMonthMax, type ReadKind } from '../ledger/stripe-reads.ts';
import type { Ids } from '../system/ids.ts';
import { createMapping, type Mapping, type MappingOptions } from './mapping.ts';
import { applySetup, viewSetup, type SetupRules } from './setup.ts';
import type { ClosedAccount, OpenedAccount } from './stripe-side.ts';

export type Billing = Mapping & {
  readonly account: () => Promise<StripeAccountView>;
  /** The next contact binds anew; refused once anything was sent. @throws AppError. */
  readonly giveUpAccount: () => Promise<StripeAccountView>;
  /** What a set-up would do. @throws AppError where Stripe may not be spoken to. */
  readonly setup: () => Promise<SetupView>;
  /** Does what the view of this revision showed. */
  readonly applySetup: (revision: string) => Promise<SetupResult>;
  readonly customers: (search: string) => Promise<CustomersView>;
  readonly createCustomer: (wish: CreateCustomer) => Promise<StripeCustomerRow>;
};

export type BillingOptions = Omit<MappingOptions, 'requireCustomer' | 'names'> & {
  readonly stripe: () => Promise<OpenedAccount | ClosedAccount>;
  /** As it is known, without asking: for a screen that looks often. */
  readonly stripeAsKnown: () => OpenedAccount | ClosedAccount;
  readonly askAccountAnew: () => Promise<void>;
  readonly book: () => PriceBook;
  readonly isDemo: boolean;
  readonly ids: Pick<Ids, 'secret'>;
};

/** Only to be read beside an id; forgotten rather than grown. */
const namesMax = 5_000;

export function startBilling(options: BillingOptions): Billing {
  const { ledger, clock, isDemo } = options;
  const allow = (kind: ReadKind) => () => ledger.write('allowRead', { kind, nowMs: clock.nowMs() });
  const names = new Map<string, string>();

  function remember(rows: readonly StripeCustomerRow[]): void {
    if (names.size > namesMax) names.clear();
    for (const { id, name, email } of rows) names.set(id, name ?? email ?? id);
  }

  /** One set-up at a time: a second one would make what the first is making. */
  let applying: Promise<SetupResult> | null = null;

  async function opened(): Promise<OpenedAccount> {
    const stripe = await options.stripe();
    if (stripe.kind === 'open') return stripe;
    throw new AppError('stripe_not_set_up', stripe.sentence, stripe.remedy);
  }

  async function rules(): Promise<SetupRules> {
    const book = options.book();
    const [used, { plans }] = await Promise.all([ledger.read('usedModels', null), ledger.read('planFacts', null)]);
    // The one that is in force, or begins with the next minute.
    const plan = plans.at(-1)?.plan ?? defaultPlan;
    // By the names that the meters have (ledger/shares.ts).
    const models = [...new Set(used.map((model) => book.find(model)?.id ?? model))];
    const runId = options.ids.secret().slice(0, 12);
    return { plan, book, models, isDemo, runId, nowMs: clock.nowMs() };
  }

  async function account(): Promise<StripeAccountView> {
    const stripe = options.stripeAsKnown();
    const bound = await ledger.read('stripeBinding', null);
    const isOpen = stripe.kind === 'open';
    return {
      bound: bound && { accountId: bound.accountId, mode: modeOfBinding(bound), boundAtMs: bound.boundAtMs },
      isDemo,
      key: isOpen
        ? {
            isOpen,
            sentence: `The ${isDemo ? 'simulated' : stripe.mode} key is of the account ${stripe.accountId}.`,
            remedy: null,
          }
        : { isOpen, sentence: stripe.sentence, remedy: stripe.remedy },
      permissions: stripePermissions.map(({ row, access, purpose, everyDay }) => ({ row, access, purpose, everyDay })),
      newKeyLink: newKeyLink(isOpen ? stripe.mode : bound === null ? 'test' : modeOfBinding(bound)),
    };
  }

  const requireCustomer = async (id: string) => {
    const [stripe, { requireCustomer: look }] = [await opened(), await import('./stripe-customers.ts')];
    const row = await look(stripe, id, allow('customers'));
    remember([row]);
  };

  return {
    ...createMapping({ ...options, requireCustomer, names: () => Object.fromEntries(names) }),
    account,
    giveUpAccount: async () => {
      const given = await ledger.write('giveUpAccount', null);
      if (given.kind === 'was_sent') throw wasSent(given.events);
      await options.askAccountAnew();
      return account();
    },
    setup: async () => viewSetup(await opened(), await rules(), allow('setup')),
    applySetup: async (revision) => {
      if (applying !== null)
        throw new AppError('changed_meanwhile', 'A set-up is under way.', 'Wait for its end, then look again.');
      applying = (async () => applySetup(await opened(), await rules(), allow('setup'), revision))();
      try {
        return await applying;
      } finally {
        applying = null;
      }
    },
    customers: async (search) => {
      const [stripe, { findCustomers }] = [await opened(), await import('./stripe-customers.ts')];
      const found = await findCustomers(stripe, search, allow('customers'));
      remember(found.customers);
      const used = await ledger.read('readsUsed', { nowMs: clock.nowMs() });
      const { accountId, mode } = stripe;
      return {
        mode: isDemo ? 'demo' : mode,
        accountId,
        customers: [...found.customers],
        hasMore: found.hasMore,
        reads: { used, max: readsPerMonthMax },
      };
    },
    createCustomer: async (wish) => {
      const [stripe, { createCustomer }] = [await opened(), await import('./stripe-customers.ts')];
      const row = await createCustomer(stripe, wish, `tollkeeper-customer-${options.ids.secret().slice(0, 22)}`);
      remember([row]);
      return row;
    },
  };
}

function wasSent(events: number): AppError {
  return new AppError(
    'home_mismatch',
    `${events === 1 ? '1 meter event was' : `${events} meter events were`} sent to this account, so this ledger stays with it.`,
    'Start another home folder (--home) for the other account; this one stays the record of what was sent.',
  );
}
