/**
 * What the screens are told of limits: the rules in force and the budgets (`GET /api/limits`), warnings, refused calls, and letting a conversation on
 * (`POST /api/conversations/:id/allow` and `/revoke`, the id percent-encoded). Amounts in nano-USD, instants in milliseconds.
 */
import { z } from 'zod';

import { budgetKinds, budgetPeriods } from './limits.ts';

const count = z.int().min(0);
const nanoUsd = z.int();
const instantMs = z.int();

export const warningCauses = [
  'context_50',
  'context_75',
  'context_90',
  'turn_cost_doubled',
  'cache_miss_expired',
  'cache_miss_prefix',
  'cache_miss_model',
  'cache_miss_tools',
  'cache_miss_unknown',
  'spend_pace',
] as const;
export type WarningCause = (typeof warningCauses)[number];

export const warningSchema = z.object({
  cause: z.enum(warningCauses),
  sentence: z.string(),
  remedy: z.string(),
  number: z.object({ value: z.int(), unit: z.enum(['tokens', 'nano_usd', 'minutes']) }),
});

/** Each cause is told once for a conversation. */
export const conversationWarningSchema = warningSchema.extend({ atMs: instantMs });
export type ConversationWarning = z.infer<typeof conversationWarningSchema>;

export const refusalCauses = ['context_limit', 'call_ceiling', 'budget'] as const;
export type RefusalCause = (typeof refusalCauses)[number];

/** `untilMs` null is for good; null altogether where nothing is let on. */
const letOnSchema = z.object({ untilMs: instantMs.nullable() }).nullable();

/** A call that a limit stopped before it left this machine. */
export const refusedCallSchema = z.object({
  id: z.string(),
  atMs: instantMs,
  cause: z.enum(refusalCauses),
  member: z.string().nullable(),
  project: z.string().nullable(),
  conversation: z.string().nullable(),
  model: z.string().nullable(),
  /** What its client was told. */
  sentence: z.string(),
  /** Null where the model has no price. */
  wouldCostNanoUsd: nanoUsd.nullable(),
  /** Its conversation is let on now, until then; null where it is not. */
  letOn: letOnSchema,
});
export type RefusedCall = z.infer<typeof refusedCallSchema>;

const budgetOf = {
  of: z.enum(budgetKinds),
  /** Whose; null is the team. */
  whose: z.string().nullable(),
  per: z.enum(budgetPeriods),
  limitNanoUsd: nanoUsd,
  spentNanoUsd: nanoUsd,
};
/** The steps at which a budget warns, in percent; 0 is below all of them. */
export const budgetWarningPercents = [50, 80, 100] as const;

export const budgetWarningSchema = z.object({
  ...budgetOf,
  percent: z.literal(budgetWarningPercents),
  sentence: z.string(),
  atMs: instantMs,
});
export type BudgetWarningRow = z.infer<typeof budgetWarningSchema>;

export const budgetRowSchema = z.object({
  ...budgetOf,
  /** Expected by the calls and batches on their way. */
  reservedNanoUsd: nanoUsd,
  warnedPercent: z.literal([0, ...budgetWarningPercents]),
  resetsAtMs: instantMs,
});
export type BudgetRow = z.infer<typeof budgetRowSchema>;

const ownLimits = { contextLimitTokens: count.nullable(), callCeilingNanoUsd: nanoUsd.nullable() };

export const limitsViewSchema = z.object({
  atMs: instantMs,
  timeZone: z.string(),
  rules: z.object({
    ...ownLimits,
    /** What differs, in full, by name. */
    projects: z.array(z.object({ project: z.string(), ...ownLimits })),
    asksCountTokens: z.boolean(),
    hasWarningHeader: z.boolean(),
    cutsMidStream: z.boolean(),
  }),
  /**
   * The fullest first. A budget for each one of a kind has a row for everybody who has spent in its period; of all of them at most 200 are listed, and
   * `budgetCount` is the true number.
   */
  budgets: z.array(budgetRowSchema).max(200),
  budgetCount: count,
  /** Conversations that were let on, and until when; null is for good. */
  letOn: z.array(z.object({ conversation: z.string(), untilMs: instantMs.nullable() })),
});
export type LimitsView = z.infer<typeof limitsViewSchema>;

/** For how long a conversation is let on, in milliseconds, up to a year; null for good. */
export const allowSchema = z.strictObject({
  forMs: z
    .int()
    .min(1_000)
    .max(366 * 86_400_000)
    .nullable(),
});
export type Allow = z.infer<typeof allowSchema>;

/** Of both: what holds for the conversation now. */
export const letOnAnswerSchema = z.object({
  conversation: z.string(),
  letOn: letOnSchema,
});
export type LetOnAnswer = z.infer<typeof letOnAnswerSchema>;
