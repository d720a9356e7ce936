/** Who is still billed to a customer that Stripe does not know, in a sentence: until that is changed, the next calls come back as well. Pure. */
import type { MappingView } from './contract/stripe-customers.ts';

/** Null where nothing is. */
export function stillMapped(
  { projects, members, fallback }: Pick<MappingView, 'projects' | 'members' | 'fallback'>,
  customer: string,
): string | null {
  const who = [
    ...projects.filter((one) => one.customer === customer).map(({ name }) => `the project ${name}`),
    ...members.filter((one) => one.customer === customer).map(({ name }) => `the member ${name}`),
    ...(fallback === customer ? ['everything that maps to nobody'] : []),
  ].join(', ');
  if (who === '') return null;
  return `Still mapped to it: ${who}. Map that to another customer, or its next calls come back as well.`;
}
