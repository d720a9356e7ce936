/** Reads Stripe's form encoding: `payload[value]=3&types[]=a&types[]=b` as nested objects and lists. Every leaf is text. */

export type FormValue = string | readonly FormValue[] | { readonly [key: string]: FormValue };
export type Form = { readonly [key: string]: FormValue };

type Node = Map<string, Node | string>;

export function parseForm(text: string): Form {
  const root: Node = new Map();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!name.includes('[')) {
      root.set(name, value);
      continue;
    }
    const path = [...name.matchAll(/([^[\]]+)|\[\]/g)].map((part) => part[1] ?? '');
    put(root, path, value);
  }
  return plain(root) as Form;
}

function put(node: Node, [key = '', ...rest]: readonly string[], value: string): void {
  const name = key === '' ? String(node.size) : key;
  if (rest.length === 0) {
    node.set(name, value);
    return;
  }
  const inner = node.get(name);
  const next: Node = inner instanceof Map ? inner : new Map();
  node.set(name, next);
  put(next, rest, value);
}

/** A node whose names are 0, 1, 2… is a list. */
function plain(node: Node | string): FormValue {
  if (typeof node === 'string') return node;
  const entries = [...node.entries()].map(([key, value]) => [key, plain(value)] as const);
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index));
  return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

export function textOf(form: Form, ...path: readonly string[]): string | null {
  let value: FormValue | undefined = form;
  for (const key of path) value = typeof value === 'object' && !Array.isArray(value) ? (value as Form)[key] : undefined;
  return typeof value === 'string' ? value : null;
}

export function listOf(form: Form, key: string): readonly string[] {
  const value = form[key];
  return Array.isArray(value) ? value.filter((part): part is string => typeof part === 'string') : [];
}
