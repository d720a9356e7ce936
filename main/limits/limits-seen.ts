/** What the screens and the API are shown of the limits: of one conversation, of what was said last, and of all rules and budgets. Reads what the limits hold; changes nothing. */
import type { ConversationSeen } from '../../shared/contract/events.ts';
import { ownLimitsOf, type LimitsSettings } from '../../shared/contract/limits.ts';
import type { LimitsView, RefusedCall } from '../../shared/contract/limits-view.ts';
import { budgetRows } from './budget-rows.ts';
import type { Limits } from './limits.ts';
import type { Parents } from './parents.ts';
import type { Seen, SeenSummary } from './seen.ts';

const nothingCached = { readShare: null, warmTokens: 0, lifetime: null, expiresAtMs: null };
const nothingExpected = { costNanoUsd: null, costAfterExpiryNanoUsd: null };

export type Told = { readonly limits: Limits; readonly seen: Seen; readonly parents: Parents };

export function conversationSeen(
  { limits, seen, parents }: Told,
  id: string,
  project: string | null,
  nowMs: number,
): ConversationSeen {
  const economics = limits.economics(id, project, nowMs);
  return {
    parent: parents.of(id),
    growthTokens: economics?.growthTokens ?? null,
    limitTokens: ownLimitsOf(limits.rules(), project).contextLimitTokens,
    windowTokens: economics?.windowTokens ?? null,
    turnsToLimit: economics?.turnsToLimit ?? null,
    cache: economics?.cache ?? nothingCached,
    nextTurn: economics?.nextTurn ?? nothingExpected,
    warnings: seen.warningsOf(id),
    letOn: limits.letOn.of(id, nowMs),
  };
}

export type LimitsSummary = Omit<SeenSummary, 'refused'> & { readonly refused: RefusedCall[] };

export function limitsSummary({ limits, seen }: Pick<Told, 'limits' | 'seen'>, nowMs: number): LimitsSummary {
  const summary = seen.summary(nowMs);
  const letOn = (conversation: string | null) => (conversation === null ? null : limits.letOn.of(conversation, nowMs));
  return { ...summary, refused: summary.refused.map((call) => ({ ...call, letOn: letOn(call.conversation) })) };
}

export type ViewMoment = {
  readonly nowMs: number;
  readonly dayOf: (atMs: number) => string;
  readonly timeZone: string;
};

const listedBudgetsMax = 200;

export function limitsView(
  limits: Limits,
  settings: LimitsSettings,
  { nowMs, dayOf, timeZone }: ViewMoment,
): LimitsView {
  const day = dayOf(nowMs);
  const rows = budgetRows(limits.budgetAccounts(day), day, timeZone);
  const { contextLimitTokens, callCeilingNanoUsd, projects } = limits.rules();
  const { asksCountTokens, hasWarningHeader, cutsMidStream } = settings;
  return {
    atMs: nowMs,
    timeZone,
    rules: {
      contextLimitTokens,
      callCeilingNanoUsd,
      projects: Object.entries(projects).map(([project, own]) => ({ project, ...own })),
      asksCountTokens,
      hasWarningHeader,
      cutsMidStream,
    },
    budgets: rows.slice(0, listedBudgetsMax),
    budgetCount: rows.length,
    letOn: Object.entries(limits.memory(nowMs).letOn).map(([conversation, untilMs]) => ({ conversation, untilMs })),
  };
}
