/** What the screens and the command line are told of the agent: whether Stripe answers, since when, and what it said last. */
import type { Clock } from '../system/clock.ts';
import type { StripeAnswer } from './decide.ts';
import type { Readings } from './readings.ts';

export type SyncState = 'off' | 'ok' | 'offline' | 'failing';

export type AgentStatus = {
  readonly state: SyncState;
  /** Since when the state holds; null before the first answer. */
  readonly sinceMs: number | null;
  readonly lastAnswer: { readonly atMs: number; readonly sentence: string } | null;
  /** Why Stripe could not be read last; null when it could. */
  readonly readTrouble: string | null;
};

export type StatusOptions = {
  /** Null without a key. */
  readonly stripe: () => { readonly readings: Readings } | null;
  readonly clock: Clock;
};

function stateOf(answer: StripeAnswer): SyncState {
  switch (answer.kind) {
    case 'accepted':
    case 'duplicate':
    case 'rate_limited':
    case 'busy':
      return 'ok';
    case 'not_sent':
      return 'failing';
    case 'not_connected':
    case 'no_answer':
      return 'offline';
    case 'not_authorized':
    case 'refused':
      return 'failing';
  }
}

export function createStatus({ stripe, clock }: StatusOptions) {
  let state: SyncState = 'off';
  let sinceMs: number | null = null;
  let lastAnswer: AgentStatus['lastAnswer'] = null;

  function reset(): void {
    state = stripe() ? 'ok' : 'off';
    sinceMs = null;
    lastAnswer = null;
  }
  reset();
  return {
    reset,
    now: (): AgentStatus => ({ state, sinceMs, lastAnswer, readTrouble: stripe()?.readings.trouble() ?? null }),
    note: (answer: StripeAnswer, sentence: string) => {
      const atMs = clock.nowMs();
      const before = state;
      state = stateOf(answer);
      sinceMs = state === before ? (sinceMs ?? atMs) : atMs;
      lastAnswer = { atMs, sentence };
    },
  };
}

/** What a person who asked for a sync is told. */
export function sentenceOf({ state, lastAnswer }: AgentStatus, accepted: number, waiting: number): string {
  if (state === 'off')
    return 'No Stripe key is set, so nothing is sent. Everything is kept. Set STRIPE_API_KEY to send it.';
  const delivered = accepted === 1 ? '1 meter event delivered' : `${accepted} meter events delivered`;
  if (waiting === 0) return `${delivered}. Nothing waits.`;
  const reason = state === 'ok' || lastAnswer === null ? '' : ` ${lastAnswer.sentence}`;
  return `${delivered}, ${waiting} wait.${reason}`;
}
