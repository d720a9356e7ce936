/** Which file an `app://tollkeeper/…` address means: one of the built dashboard, the page itself for a screen's address, or none. Pure. */
import { extname, join, normalize, sep } from 'node:path';

export const appOrigin = 'app://tollkeeper';

export type AppFile =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'api'; readonly target: string }
  | { readonly kind: 'none' };

/** Nothing outside of `folder` is ever named, whatever the address holds. */
export function appFileOf(address: string, folder: string): AppFile {
  const url = new URL(address);
  if (`${url.protocol}//${url.host}` !== appOrigin) return { kind: 'none' };
  if (url.pathname.startsWith('/api/')) return { kind: 'api', target: `${url.pathname}${url.search}` };
  const wanted = decode(url.pathname);
  if (wanted === null || wanted.includes('\0')) return { kind: 'none' };
  const path = normalize(join(folder, wanted));
  if (path !== folder && !path.startsWith(folder + sep)) return { kind: 'none' };
  // Anything but a kind of file that the build makes is a screen's address; the page routes itself.
  return { kind: 'file', path: extname(path) in contentTypes ? path : join(folder, 'index.html') };
}

function decode(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    // Malformed percent-encoding names no file.
    return null;
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export function contentTypeOf(path: string): string {
  return contentTypes[extname(path)] ?? 'application/octet-stream';
}
