/**
 * Who made a call and what for. Pure; the conversation is found by whoever knows the others. In order: the member key, which alone proves it; our
 * headers, the path prefix, the machine's own default; the customer also by what the project or the member maps to. Names are cut, never refused: a
 * label must not stop a call.
 */
import type { Attribution } from '../../shared/call.ts';
import { customerOf, type CustomerMap } from '../../shared/customer-of.ts';
import { headerOf, type RawHeaders } from './headers.ts';
import type { Route } from './route.ts';

export type AttributionDefaults = CustomerMap & { readonly member: string | null; readonly project: string | null };

/** Longer names are cut; the screens and the outbox are built for this. */
const nameLengthMax = 100;

export function attribute(
  route: Route,
  headers: RawHeaders,
  defaults: AttributionDefaults,
): Omit<Attribution, 'conversation'> {
  const { holder } = route;
  const member =
    holder?.member ?? nameOf(headerOf(headers, 'x-tollkeeper-member')) ?? nameOf(route.member) ?? defaults.member;
  const project =
    holder?.project ?? nameOf(headerOf(headers, 'x-tollkeeper-project')) ?? nameOf(route.project) ?? defaults.project;
  const named = nameOf(headerOf(headers, 'x-tollkeeper-customer'));
  return {
    member,
    project,
    customer: named ?? customerOf(defaults, { member, project }),
  };
}

/** The product of the User-Agent without its version: "claude-cli/2.1.40 (external)" is "claude-cli". */
export function clientOf(headers: RawHeaders): string | null {
  const product = headerOf(headers, 'user-agent')?.trim().split(/\s/, 1)[0];
  if (product === undefined || product === '') return null;
  return product.replace(/\/v?\d.*$/, '').slice(0, nameLengthMax);
}

function nameOf(text: string | null): string | null {
  const name = text?.trim().slice(0, nameLengthMax);
  return name === undefined || name === '' ? null : name;
}
