/** What Stripe counts, cancels and bills, as a test of any sequence of steps needs it: no clock, no socket, and it never lies. */
import type { CancelAnswer } from '../../main/sync/decide-cancellation.ts';

const dayMs = 24 * 3_600_000;

type Counted = {
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly value: number;
  readonly atMs: number;
  cancelledAtMs: number | null;
};

/** How an attempt to cancel ends; `isDone`: whether Stripe did it where no answer says so. */
export type CancelTrouble = { readonly kind: 'answered' | 'lost' | 'failed' | 'not_done'; readonly isDone: boolean };

export type StripeModel = {
  readonly isCounted: (identifier: string) => boolean;
  /** When it was first taken; null when it never was. */
  readonly takenAtMs: (identifier: string) => number | null;
  readonly take: (
    identifier: string,
    event: Pick<Counted, 'customer' | 'meter' | 'minuteMs' | 'value'>,
    nowMs: number,
  ) => void;
  /** Found later not to count. */
  readonly reject: (identifier: string) => void;
  readonly counted: () => readonly string[];
  readonly cancel: (
    question: { readonly identifier: string; readonly key: string; readonly nowMs: number },
    trouble: CancelTrouble,
  ) => CancelAnswer;
  /** What a summary says that is so far behind, both with what arrived and with what was cancelled. */
  readonly summary: (
    of: { readonly customer: string; readonly meter: string },
    range: { readonly fromMs: number; readonly toMs: number },
    visibleUntilMs: number,
  ) => number;
};

export function createStripeModel(): StripeModel {
  const events = new Map<string, Counted>();
  const replays = new Map<string, CancelAnswer>();
  const isCounted = (identifier: string) => events.get(identifier)?.cancelledAtMs === null;

  function cancelNow(identifier: string, nowMs: number): boolean {
    const event = events.get(identifier);
    if (!event || event.cancelledAtMs !== null || nowMs - event.atMs > dayMs) return false;
    event.cancelledAtMs = nowMs;
    return true;
  }

  return {
    isCounted,
    takenAtMs: (identifier) => events.get(identifier)?.atMs ?? null,
    take: (identifier, { customer, meter, minuteMs, value }, nowMs) =>
      void events.set(identifier, { customer, meter, minuteMs, value, atMs: nowMs, cancelledAtMs: null }),
    reject: (identifier) => void events.delete(identifier),
    counted: () => [...events.keys()].filter(isCounted),
    cancel: ({ identifier, key, nowMs }, { kind, isDone }) => {
      const replay = replays.get(key);
      if (kind === 'not_done') return { kind: 'not_done', reason: 'offline', retryAfterMs: null };
      if (replay) return kind === 'lost' ? { kind: 'no_answer', reason: 'reset', isKeySpent: false } : replay;
      if (kind === 'answered' || isDone) {
        const answer: CancelAnswer = cancelNow(identifier, nowMs)
          ? { kind: 'cancelled' }
          : { kind: 'refused', reason: 'not found, too late, or cancelled' };
        if (kind !== 'failed' && answer.kind === 'cancelled') replays.set(key, answer);
        if (kind === 'answered') return answer;
      }
      const failed: CancelAnswer = { kind: 'no_answer', reason: kind, isKeySpent: kind === 'failed' };
      if (kind === 'failed') replays.set(key, failed);
      return failed;
    },
    summary: ({ customer, meter }, { fromMs, toMs }, visibleUntilMs) =>
      [...events.values()]
        .filter((event) => event.customer === customer && event.meter === meter)
        .filter(({ minuteMs }) => minuteMs >= fromMs && minuteMs < toMs)
        .filter(
          ({ atMs, cancelledAtMs }) =>
            atMs <= visibleUntilMs && !(cancelledAtMs !== null && cancelledAtMs <= visibleUntilMs),
        )
        .reduce((sum, { value }) => sum + value, 0),
  };
}
