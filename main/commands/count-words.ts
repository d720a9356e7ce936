/** Counts of calls for a terminal: beside every count stands what of it has no price. Pure. */

/** "111 calls", "1 call", "111 calls, 48 of them unpriced". */
export function callsInWords(calls: number, unpricedCalls: number): string {
  const all = `${count(calls)} ${calls === 1 ? 'call' : 'calls'}`;
  if (unpricedCalls === 0) return all;
  return calls === 1 ? `${all}, unpriced` : `${all}, ${count(unpricedCalls)} of them unpriced`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}
