/** What is shown and told of Stripe from behind the account gate: before it is open, what the gate knows stands for what the agent would. Pure. */
import type { SyncResult } from '../../shared/contract/api.ts';
import type { GateState } from './account-gate.ts';
import type { AgentStatus } from './agent-status.ts';
import type { OpenedStripe, StripeAccess } from './stripe-access.ts';

export const noKey = {
  sentence: 'No Stripe key is set.',
  remedy:
    'Set STRIPE_API_KEY, or enter the key on the Keys screen of the desktop app; docs/stripe.md says what it must be allowed.',
};

export function openedBy(state: GateState, client: StripeAccess['client']): OpenedStripe {
  switch (state.kind) {
    case 'open':
      return { kind: 'open', client, accountId: state.accountId, mode: state.mode };
    case 'refused':
      return { kind: 'closed', sentence: state.sentence, remedy: state.remedy };
    case 'offline':
      return {
        kind: 'closed',
        sentence: `Stripe cannot be reached now. ${state.sentence}`,
        remedy: 'Try again when it can.',
      };
    case 'asking':
      return { kind: 'closed', sentence: 'Stripe has not been asked yet.', remedy: 'Try again in a moment.' };
  }
}

/** Before the gate is open the agent knows nothing of Stripe: what the gate knows is shown in its place. */
export function statusBehind(gate: GateState | null, status: AgentStatus): AgentStatus {
  switch (gate?.kind) {
    case undefined:
    case 'open':
      return status;
    case 'asking':
      return { ...status, state: 'ok' };
    case 'offline':
      return {
        ...status,
        state: 'offline',
        sinceMs: gate.atMs,
        lastAnswer: { atMs: gate.atMs, sentence: gate.sentence },
      };
    case 'refused': {
      const sentence = `${gate.sentence} ${gate.remedy}`;
      return { ...status, state: 'failing', sinceMs: gate.atMs, lastAnswer: { atMs: gate.atMs, sentence } };
    }
  }
}

/** Whose account it went to, or why nothing did. */
export function sentenceBehind(gate: GateState, { sentence, waiting }: SyncResult, isDemo: boolean): string {
  const nothing = `0 meter events delivered, ${waiting} wait.`;
  switch (gate.kind) {
    case 'open':
      return `In the ${isDemo ? 'simulated' : gate.mode} account ${gate.accountId}: ${sentence}`;
    case 'refused':
      return `${nothing} ${gate.sentence} ${gate.remedy}`;
    case 'offline':
      return `${nothing} ${gate.sentence}`;
    case 'asking':
      return nothing;
  }
}
