/** The address that clients are pointed at: `ANTHROPIC_BASE_URL` with who and what for in its path. Pure. */
import { AppError } from '../../shared/contract/errors.ts';

export const baseUrlName = 'ANTHROPIC_BASE_URL';

export type WhoFlags = { readonly member?: string; readonly project?: string };

/** `/@alice/webshop`; empty where nobody is named. @throws AppError `bad_usage` for names that no path can carry. */
export function pathPrefix({ member, project }: WhoFlags): string {
  if (member === undefined && project === undefined) return '';
  if (member === undefined)
    throw new AppError('bad_usage', 'A project needs a member in the address.', 'Name one with --member as well.');
  const parts = [['member', member] as const, ...(project === undefined ? [] : [['project', project] as const])];
  for (const [what, name] of parts) {
    if (name.trim() === '')
      throw new AppError('bad_usage', `The ${what} is empty.`, `Give a name, as in --${what} alice.`);
  }
  if (project === 'v1' || project === 'api')
    throw new AppError(
      'bad_usage',
      `A project in the address cannot be called "${project}".`,
      'Anthropic’s own paths begin with it; give the project another name.',
    );
  return `/@${parts.map(([, name]) => encodeName(name.trim())).join('/')}`;
}

/** So that the address needs no quoting in any shell. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether an address leads to one of these proxies of this machine, whatever name it gives it and whatever path follows. */
export function leadsTo(address: string, proxyUrls: readonly string[]): boolean {
  const url = URL.parse(address);
  return (
    url !== null &&
    loopbackNames.has(url.hostname) &&
    proxyUrls.some((proxyUrl) => URL.parse(proxyUrl)?.port === url.port)
  );
}

/** For people: an address may carry a password before its host, or a key in its query. */
export function hostOf(address: string): string {
  return URL.parse(address)?.host ?? 'another address';
}
