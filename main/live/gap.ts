/** What is missing from the ledger right now, in one sentence; null while every call is written at once. */
export type WriteTrouble = { readonly reason: string; readonly waiting: number } | null;

export function gapSentence(trouble: WriteTrouble): string | null {
  if (trouble === null) return null;
  const rows = trouble.waiting === 1 ? '1 row waits' : `${trouble.waiting} rows wait`;
  return `The ledger cannot be written (${trouble.reason}). Calls still go through; ${rows} and will be written once there is room.`;
}
