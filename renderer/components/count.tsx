/** Counts with separators; nothing is a dash. */
export function Count({ value }: { readonly value: number }) {
  return <>{value === 0 ? '–' : value.toLocaleString('en-US')}</>;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
