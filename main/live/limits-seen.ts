/**
 * What the live picture shows of limits: of each conversation, and of all. The engine hands in functions that answer it, since this folder knows no
 * limits. They must be cheap: they are asked at every broadcast.
 */
import type { ConversationSeen, LiveSnapshot } from '../../shared/contract/events.ts';

export type LimitsSeen = {
  readonly conversation: (id: string, project: string | null, nowMs: number) => ConversationSeen;
  readonly summary: (nowMs: number) => Pick<LiveSnapshot, 'refused' | 'budgetWarnings' | 'limitsFailure'>;
};
