/** Which Stripe customer a call is billed to: what its project maps to, else its member, else the machine's own default. Pure. */
import type { Attribution } from './call.ts';

export type CustomerMap = {
  readonly customer: string | null;
  readonly customers: {
    readonly projects: Readonly<Record<string, string>>;
    readonly members: Readonly<Record<string, string>>;
  };
};

export function customerOf(map: CustomerMap, { member, project }: Pick<Attribution, 'member' | 'project'>) {
  return lookUp(map.customers.projects, project) ?? lookUp(map.customers.members, member) ?? map.customer;
}

function lookUp(table: Readonly<Record<string, string>>, name: string | null): string | null {
  return name !== null && Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}
