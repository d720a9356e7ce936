/** Calls, turns and rules for the tests of the limits: what a test does not say is what an ordinary call is like. */
import { limitRulesOf, limitsSettingsSchema, type LimitRules } from '../../shared/contract/limits.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { measurePrompt } from '../../shared/prompt-measure.ts';
import { noTokens, type TokenCounts } from '../../shared/usage.ts';
import type { Turn } from '../../main/limits/conversation-state.ts';
import { createLimits, type CallAfter, type CallBefore, type LimitsOptions } from '../../main/limits/limits.ts';

export const opus = 'claude-opus-5-5';
/** A Tuesday noon in UTC. */
export const noon = Date.parse('2026-11-24T12:00:00Z');
export const minuteMs = 60_000;

export function rulesOf(settings: object): LimitRules {
  return limitRulesOf(limitsSettingsSchema.parse(settings));
}

export function limitsWith(settings: object, more: Partial<LimitsOptions> = {}) {
  const options = { rules: rulesOf(settings), timeZone: 'UTC', book: () => currentBook, memory: {}, spend: [] };
  return createLimits({ ...options, ...more });
}

/** About `tokens` tokens of a prompt for Opus. */
export function measureOf(tokens: number, more: object = {}) {
  const words = Math.round(tokens / (1.3 * 1.2));
  const messages = Array.from({ length: Math.ceil(words / 1_000) }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'paper '.repeat(Math.min(1_000, words - index * 1_000)),
  }));
  return measurePrompt({ model: opus, messages, ...more });
}

export function callBefore(callId: string, more: Partial<CallBefore> = {}): CallBefore {
  return {
    callId,
    member: 'alice',
    project: 'webshop',
    customer: 'cus_1',
    conversation: 'c1',
    measure: measureOf(10_000),
    maxTokens: 4_096,
    nowMs: noon,
    countedTokens: null,
    ...more,
  };
}

export function callAfter(callId: string, costNanoUsd: number | null, more: Partial<CallAfter> = {}): CallAfter {
  const { member, project, customer, conversation } = callBefore(callId);
  const who = { member, project, customer, conversation };
  return { callId, ...who, startedAtMs: noon, costNanoUsd, turn: null, measure: null, ...more };
}

export function turnOf(counts: Partial<TokenCounts>, more: Partial<Turn> = {}): Turn {
  return {
    startedAtMs: noon,
    endedAtMs: (more.startedAtMs ?? noon) + 10_000,
    model: opus,
    counts: { ...noTokens, ...counts },
    costNanoUsd: 10_000_000,
    tokensByRule: 0,
    changed: { system: false, tools: false, history: false },
    ...more,
  };
}
