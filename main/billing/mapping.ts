/**
 * Who is billed for whom: the mapping as it is in force, the calls that wait for a customer, and releasing them to one. The customer is looked up in Stripe
 * first, unless a person says not to: what is sent to one that does not exist would come back days later.
 */
import { AppError } from '../../shared/contract/errors.ts';
import type {
  MappingView,
  MapRequest,
  ReleaseAnswer,
  ReleasedCalls,
  ReleaseRequest,
} from '../../shared/contract/stripe-customers.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { customerOf, type CustomerMap } from '../../shared/customer-of.ts';
import type { Ledger } from '../ledger/open.ts';
import type { Clock } from '../system/clock.ts';

export type MappingOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  /** As it is in force at the moment of asking. */
  readonly inForce: () => CustomerMap;
  readonly trouble: () => MappingView['trouble'];
  readonly save: (request: MapRequest) => void;
  /** @throws AppError where the account has no such customer, or cannot be asked. */
  readonly requireCustomer: (id: string) => Promise<unknown>;
  /** Names of customers that were seen in Stripe. */
  readonly names: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

export type Mapping = {
  readonly view: () => Promise<MappingView>;
  readonly map: (request: MapRequest) => Promise<MappingView>;
  readonly release: (request: ReleaseRequest) => Promise<ReleaseAnswer>;
};

export function createMapping(options: MappingOptions): Mapping {
  const { ledger, inForce, clock } = options;

  async function view(): Promise<MappingView> {
    const map = inForce();
    const asOfMs = clock.nowMs();
    const [unknown, unmapped, { members, projects }] = await Promise.all([
      ledger.read('unknownCustomers', { nowMs: asOfMs }),
      ledger.read('unmapped', { nowMs: asOfMs }),
      ledger.read('facets', null),
    ]);
    return {
      projects: rowsOf(map.customers.projects),
      members: rowsOf(map.customers.members),
      known: { projects: [...projects], members: [...members] },
      fallback: map.customer,
      names: { ...options.names() },
      unmapped: [
        // What they are mapped to is how they came to it.
        ...unknown.map((group) => ({ ...group, customer: null })),
        ...unmapped.map((group) => ({ ...group, customer: customerOf(map, group) })),
      ],
      asOfMs,
      trouble: options.trouble(),
    };
  }

  async function release(request: ReleaseRequest): Promise<ReleaseAnswer> {
    const { which, withOlder, isTrial } = request;
    const customer = request.customer ?? mappedTo(inForce(), which);
    if (which.kind === 'customer' && which.customer === customer) throw sameCustomer(customer);
    if (!isTrial) await options.requireCustomer(customer);
    if (!isTrial && which.kind === 'customer') await requireUnknown(which.customer);
    // One instant for the look and for the release: what is older than the window is the same in both.
    const nowMs = clock.nowMs();
    const before = await ledger.read('releasable', { which, nowMs });
    const answer = {
      customer,
      isTrial,
      calls: before.calls,
      costNanoUsd: before.costNanoUsd,
      unpricedCalls: before.unpricedCalls,
      fromMs: before.firstMs,
      toMs: before.lastMs,
      older: { ...before.older, isReleased: withOlder && before.older.calls > 0 },
      uncertain: before.uncertain,
    };
    if (isTrial) return answer;
    for (let after: number | null = 0; after !== null;) {
      const part = await releasePart(after);
      options.onChanges(part.changes);
      after = part.next;
    }
    return answer;

    function releasePart(after: number) {
      return ledger.write('release', { which, customer, withOlder, nowMs, after });
    }
  }

  /** @throws AppError where Stripe knows the customer by now: what was meant for it can be sent to it again. */
  async function requireUnknown(id: string): Promise<void> {
    try {
      await options.requireCustomer(id);
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return;
      throw error;
    }
    throw new AppError(
      'bad_usage',
      `Stripe knows the customer ${id}, so its calls stay with it.`,
      'Send again what was refused, see `tollkeeper sync status`.',
    );
  }

  return {
    view,
    map: async (request) => {
      if (request.customer !== null && !request.isUnchecked) await options.requireCustomer(request.customer);
      options.save(request);
      return view();
    },
    release,
  };
}

function rowsOf(table: Readonly<Record<string, string>>) {
  return Object.entries(table)
    .map(([name, customer]) => ({ name, customer }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** @throws AppError `bad_usage` where nothing says to whom. */
function mappedTo(map: CustomerMap, which: ReleasedCalls): string {
  const customer =
    which.kind === 'customer'
      ? null
      : customerOf(map, {
          project: which.kind === 'project' ? which.project : null,
          member: which.kind === 'member' ? which.member : null,
        });
  if (customer !== null) return customer;
  throw new AppError(
    'bad_usage',
    'These calls are mapped to no customer, and none was named.',
    'Name the customer, or map the project or the member to one first.',
  );
}

function sameCustomer(customer: string): AppError {
  return new AppError(
    'bad_usage',
    `These calls are billed to ${customer} already, and Stripe does not know it.`,
    'Name a customer that exists, see `tollkeeper stripe customers`.',
  );
}
