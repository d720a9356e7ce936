/** Whether calls that wait for a customer leave Stripe's window so soon that it should be said. Pure. */
const soonMs = 48 * 3_600_000;

export function leavesSoon(leavesAtMs: number | null, asOfMs: number): boolean {
  return leavesAtMs !== null && leavesAtMs - asOfMs < soonMs;
}
