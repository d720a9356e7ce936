/**
 * The dashboard's API: what each resource answers. The engine's handlers and the renderer share these schemas, so neither can drift.
 * All amounts are integers in nano-USD, all instants milliseconds since the epoch, days and months in the ledger's time zone.
 */
import { z } from 'zod';

import { priceBookSchema } from '../pricing/price-book-schema.ts';
import { callSources, callStatuses, tokenClasses } from '../call.ts';
import { meterEventStates } from '../meter-event-states.ts';
import { meterLabelSchema, quantities, quantitiesSchema, signedQuantities, toldAndDueSchema } from './meter-amounts.ts';
import { datedPlanSchema } from './plan.ts';

export const nanoUsd = z.int();
const count = z.int().min(0);
const instantMs = z.int();
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

/** A sum over calls. Unpriced calls are counted and are not in the money; estimated ones are in it. */
export const spendSchema = z.object({
  costNanoUsd: nanoUsd,
  calls: count,
  /** Those of them that came to nothing: failed, or refused by limits. */
  failedCalls: count,
  unpricedCalls: count,
  estimatedCalls: count,
  inputTokens: count,
  cacheWriteTokens: count,
  cacheReadTokens: count,
  outputTokens: count,
});
export type Spend = z.infer<typeof spendSchema>;

/** Money, and the calls that are not in it because they have no price. */
export const sumSchema = z.object({ costNanoUsd: nanoUsd, unpricedCalls: count });

export const callRowSchema = z.object({
  id: z.string(),
  source: z.enum(callSources),
  status: z.enum(callStatuses),
  isEstimated: z.boolean(),
  startedAtMs: instantMs,
  endedAtMs: instantMs.nullable(),
  member: z.string().nullable(),
  project: z.string().nullable(),
  customer: z.string().nullable(),
  conversation: z.string().nullable(),
  client: z.string().nullable(),
  requestedModel: z.string().nullable(),
  model: z.string().nullable(),
  httpStatus: z.int().nullable(),
  stopReason: z.string().nullable(),
  errorType: z.string().nullable(),
  inputTokens: count,
  cacheWrite5mTokens: count,
  cacheWrite1hTokens: count,
  cacheReadTokens: count,
  outputTokens: count,
  costNanoUsd: nanoUsd.nullable(),
  unpricedReason: z.string().nullable(),
  /** Of a refused call, what it was expected to cost; null for every other, and where its model has no price. */
  wouldCostNanoUsd: nanoUsd.nullable(),
});
export type CallRow = z.infer<typeof callRowSchema>;

export const chargeLineSchema = z.object({
  model: z.string(),
  tokenClass: z.enum(tokenClasses),
  quantity: z.int(),
  unitPricePicoUsd: z.int(),
  amountPicoUsd: z.int(),
  basis: z.string(),
});

const tokenCountsSchema = z.object({
  inputTokens: count,
  cacheWrite5mTokens: count,
  cacheWrite1hTokens: count,
  cacheReadTokens: count,
  outputTokens: count,
});

export const callDetailSchema = callRowSchema.extend({
  /** What its conversation was forked from, sums up, or was started by; null where it has none. */
  conversationParent: z.string().nullable(),
  path: z.string(),
  /** Who uses the client, as it says itself. */
  clientUser: z.string().nullable(),
  isStream: z.boolean(),
  messageId: z.string().nullable(),
  requestId: z.string().nullable(),
  serviceTier: z.string().nullable(),
  speed: z.string().nullable(),
  inferenceGeo: z.string().nullable(),
  thinkingTokens: count,
  webSearchRequests: count,
  passCount: count,
  promptBytes: count,
  responseBytes: count,
  firstByteMs: count.nullable(),
  /** What the client of a refused call was told. */
  refusal: z.string().nullable(),
  priceBook: z.string().nullable(),
  lines: z.array(chargeLineSchema),
  /** The call that had this message first; this one was answered from somebody's cache. */
  repeatOf: z.string().nullable(),
  /** Why the row took the place of an earlier one; null for a row that was never corrected. */
  correctionReason: z.string().nullable(),
  /** The counts at the top of the usage where its passes add up to others; the passes are what is billed. */
  topLevel: tokenCountsSchema.nullable(),
  /** What the call was before each correction, the oldest first. */
  earlier: z.array(
    z.object({
      costNanoUsd: nanoUsd.nullable(),
      priceBook: z.string().nullable(),
      unpricedReason: z.string().nullable(),
      reason: z.string(),
    }),
  ),
  /** Other sources that told of this call. */
  alsoSeen: z.array(z.object({ source: z.enum(callSources) })),
  /** What Stripe was told before a correction, and what it should have been told, on each meter where that differs. */
  differences: z.array(toldAndDueSchema),
  /** The meter event that carries this call to Stripe, once its minute is sealed. */
  meterEvents: z.array(z.object({ id: z.string(), state: z.enum(meterEventStates) })),
});
export type CallDetail = z.infer<typeof callDetailSchema>;

export const callFilterStatuses = [
  'complete',
  'partial',
  'failed',
  'refused',
  'unpriced',
  'estimated',
  'corrected',
] as const;

export const callsQuerySchema = z.object({
  member: z.string().optional(),
  project: z.string().optional(),
  model: z.string().optional(),
  conversation: z.string().optional(),
  client: z.string().optional(),
  /** As the client says. */
  user: z.string().optional(),
  status: z.enum(callFilterStatuses).optional(),
  /** The version of the price book that priced it. */
  book: z.string().optional(),
  /** Why it is unpriced, word for word. */
  reason: z.string().optional(),
  from: day.optional(),
  to: day.optional(),
  /** Opaque; from `nextCursor` of the page before. */
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});
export type CallsQuery = z.infer<typeof callsQuerySchema>;

export const callsPageSchema = z.object({ calls: z.array(callRowSchema), nextCursor: z.string().nullable() });
export type CallsPage = z.infer<typeof callsPageSchema>;

/** Calls that limits stopped. They cost nothing; `unpricedCalls` of them, whose model has no price, are not in what they would have cost. */
export const refusedSumSchema = z.object({ calls: count, wouldCostNanoUsd: nanoUsd, unpricedCalls: count });
export type RefusedSum = z.infer<typeof refusedSumSchema>;

/** What the calls of a filter come to. `isWhole` is false where only the newest of them were added up. */
export const callsTotalSchema = z.object({
  calls: count,
  costNanoUsd: nanoUsd,
  unpricedCalls: count,
  estimatedCalls: count,
  /** Those of them that were refused: inside `calls`, never inside `costNanoUsd`. */
  refused: refusedSumSchema,
  isWhole: z.boolean(),
});
export type CallsTotal = z.infer<typeof callsTotalSchema>;

/** What the filters of the Calls screen can offer. */
export const callFacetsSchema = z.object({
  members: z.array(z.string()),
  projects: z.array(z.string()),
  models: z.array(z.string()),
});
export type CallFacets = z.infer<typeof callFacetsSchema>;

/** A message batch that was submitted here and not metered yet: it costs nothing until its results are fetched. */
export const pendingBatchSchema = z.object({
  id: z.string(),
  submittedAtMs: instantMs,
  requests: count,
  status: z.string(),
  endedAtMs: instantMs.nullable(),
  member: z.string().nullable(),
  project: z.string().nullable(),
  /** Reserved in the budgets until its results are metered, or a day and an hour are over; 0 when nothing is (any more). */
  reservedNanoUsd: nanoUsd,
});
export type PendingBatch = z.infer<typeof pendingBatchSchema>;
export const pendingBatchesSchema = z.object({ batches: z.array(pendingBatchSchema) });

export const monthDimensions = ['member', 'project', 'model', 'customer', 'day'] as const;
export type MonthDimension = (typeof monthDimensions)[number];

export const monthQuerySchema = z.object({ month: month.optional(), by: z.enum(monthDimensions).default('project') });

export const monthViewSchema = z.object({
  month,
  timeZone: z.string(),
  by: z.enum(monthDimensions),
  total: spendSchema,
  /** Inside `calls` of the total. */
  refused: refusedSumSchema,
  /** The month before, over the same number of days when this month is not over yet, so that the comparison is fair. */
  previous: z.object({ month, total: spendSchema, comparedDays: count }),
  /** Null key: unassigned. Rows by falling cost. */
  rows: z.array(z.object({ key: z.string().nullable(), spend: spendSchema, previous: sumSchema })),
  /** Every day of the month; `parts` in the order of `rows`, only those with spend. */
  days: z.array(
    sumSchema.extend({
      day,
      parts: z.array(z.object({ key: z.string().nullable(), costNanoUsd: nanoUsd })),
    }),
  ),
  /** Months with at least one call, newest first. */
  months: z.array(month),
});
export type MonthView = z.infer<typeof monthViewSchema>;

export const meterEventSchema = meterLabelSchema.extend({
  id: z.string(),
  /** What Stripe is told; differs from the id once an identifier is spent. */
  identifier: z.string(),
  customer: z.string(),
  meter: z.string(),
  minuteMs: instantMs,
  revision: count,
  /** In whole units of the meter. */
  value: count,
  /** Of money, the value; of tokens, what they cost with the markup, without those calls that have no price. */
  worthNanoUsd: nanoUsd,
  unpricedCalls: count,
  state: z.enum(meterEventStates),
  attempts: count,
  calls: count,
  sealedAtMs: instantMs,
  nextAttemptAtMs: instantMs.nullable(),
  /** Under this identifier; null when it surely never arrived. */
  firstSentAtMs: instantMs.nullable(),
  acceptedAtMs: instantMs.nullable(),
  confirmedAtMs: instantMs.nullable(),
  /** Of a rejected event: Stripe's code, or `other`. */
  rejectionCode: z.string().nullable(),
  lastAnswer: z.string().nullable(),
});
export type MeterEventRow = z.infer<typeof meterEventSchema>;

export const meterEventDetailSchema = z.object({
  event: meterEventSchema,
  /** Identifiers that Stripe had and does not count, the first one first. */
  spent: z.array(z.object({ identifier: z.string(), spentAtMs: instantMs, reason: z.string() })),
  /** How another id than the event's led here; null when it is its own, or an identifier of it. */
  lead: z.string().nullable(),
  /**
   * Calls that were corrected after it was sent, what they change in thousandths of its unit and in money, and what becomes of that; null when there are
   * none and never were.
   */
  adjustment: z.object({ calls: count, amountThousandths: z.int(), nanoUsd, sentence: z.string() }).nullable(),
  /** The first 500. */
  calls: z.array(
    z.object({
      id: z.string(),
      startedAtMs: instantMs,
      member: z.string().nullable(),
      project: z.string().nullable(),
      model: z.string().nullable(),
      /** Thousandths of the meter's unit. */
      amountThousandths: z.int(),
      /** Null while it has no price. */
      worthNanoUsd: nanoUsd.nullable(),
    }),
  ),
});
export type MeterEventDetail = z.infer<typeof meterEventDetailSchema>;

/** What Stripe was told of a call, and what it should have been told. */
export const billingDifferenceSchema = toldAndDueSchema.extend({
  callId: z.string(),
  customer: z.string(),
  meter: z.string(),
  minuteMs: instantMs,
  eventId: z.string(),
});
export type BillingDifference = z.infer<typeof billingDifferenceSchema>;

/**
 * What is billed of a customer by an invoice item: what was set aside, and calls that were corrected too late for an adjustment. Less than nothing is a
 * credit. Days are UTC.
 */
export const carryForwardSchema = z.object({
  customer: z.string(),
  events: count,
  calls: count,
  /** Of token meters what their tokens cost, with the markup. */
  asideNanoUsd: nanoUsd,
  ...quantities,
  /** Part of it that Stripe may have counted after all. */
  uncertainNanoUsd: nanoUsd,
  asideDays: z.array(day),
  correctedCalls: count,
  differenceNanoUsd: nanoUsd,
  /** Of them, events whose difference has no price. */
  unpricedCorrections: count,
  correctedDays: z.array(day),
  /** Below a cent, from the items before. */
  restNanoUsd: nanoUsd,
  /** All of it. */
  nanoUsd,
  /** What an item would be; the rest below a cent stays for the next. */
  cents: z.int(),
  days: z.array(day),
  /** An item was asked for and its answer is not known: looked up before another is made. `sentence`: what it says. */
  asked: z.object({ atMs: instantMs, cents: z.int(), sentence: z.string(), lastAnswer: z.string() }).nullable(),
  sentence: z.string(),
});
export type CarryForward = z.infer<typeof carryForwardSchema>;
/** The sum that the person was shown, so that nothing is marked that they have not seen. */
export const carryForwardRequestSchema = z.strictObject({ nanoUsd });

/** A UTC day of a customer that Stripe's figure does not agree with. */
export const dayComparisonSchema = meterLabelSchema.extend({
  customer: z.string(),
  meter: z.string(),
  dayMs: instantMs,
  /** In the meter's unit. Stripe's may be no whole number where something else sends to the meter. */
  acceptedValue: count,
  stripeValue: z.number(),
  comparedAtMs: instantMs,
});
export type DayComparison = z.infer<typeof dayComparisonSchema>;

/** `off`: no key. `ok`: the last request was answered. `offline`: no answer since. `failing`: Stripe says no. */
export const stripeStates = ['off', 'ok', 'offline', 'failing'] as const;

/** Told once: something leaves Stripe's window, or would miss its invoice. */
export const leavingWarningSchema = z.object({ key: z.string(), atMs: instantMs, sentence: z.string() });
export type LeavingWarning = z.infer<typeof leavingWarningSchema>;

export const stripeSummarySchema = z.object({
  state: z.enum(stripeStates),
  mode: z.enum(['off', 'demo', 'test', 'live']),
  waitingEvents: count,
  /** Worth in money, of all units. */
  waitingNanoUsd: nanoUsd,
  /** Of it, on token meters. */
  waitingQuantities: quantitiesSchema,
  oldestWaitingMinuteMs: instantMs.nullable(),
  since: instantMs.nullable(),
  lastAnswer: z.object({ atMs: instantMs, sentence: z.string() }).nullable(),
  /** Of the last two days, the newest first. */
  warnings: z.array(leavingWarningSchema).max(10),
});
export type StripeSummary = z.infer<typeof stripeSummarySchema>;

export const stripeViewSchema = stripeSummarySchema.extend({
  /** The plan that calls are counted under now, and the one that follows, if one is set. */
  plan: datedPlanSchema,
  nextPlan: datedPlanSchema.nullable(),
  /** Worth of calls whose minute is not sealed yet, and remainders below one micro-dollar, per all customers. */
  openNanoUsd: nanoUsd,
  openQuantities: quantitiesSchema,
  acceptedEvents: count,
  acceptedNanoUsd: nanoUsd,
  acceptedQuantities: quantitiesSchema,
  /** Part of what was delivered: Stripe's own figure of its day agrees. */
  confirmedEvents: count,
  confirmedNanoUsd: nanoUsd,
  rejectedEvents: count,
  rejectedNanoUsd: nanoUsd,
  /** One a customer, the largest first. */
  carryForwards: z.array(carryForwardSchema),
  /** What waits and leaves Stripe's 35 days within the next two; `atMs`: when the first of it does. */
  leaving: z.object({ events: count, nanoUsd, ...quantities, atMs: instantMs.nullable(), asOfMs: instantMs }),
  /** What waits, and whose invoice is final within two days, as far as the periods are known; `atMs`: the first of them. */
  closing: z.object({ events: count, nanoUsd, ...quantities, atMs: instantMs.nullable(), asOfMs: instantMs }),
  /** What was delivered until a subscription ended that was cancelled without an invoice, one a customer; told for 40 days after that. */
  onNoInvoice: z.array(z.object({ customer: z.string(), events: count, nanoUsd, ...quantities, endedAtMs: instantMs })),
  /** Days that were compared and differ, the newest first, at most 100. */
  dayDifferences: z.array(dayComparisonSchema),
  /** Read requests to Stripe in the last 31 days, and how many it allows. */
  reads: z.object({ used: count, max: count }),
  /** Why Stripe could not be read last; null when it could. */
  readTrouble: z.string().nullable(),
  /** Whether the stream that is switched on is used, or why not; null when it is off. */
  streamSentence: z.string().nullable(),
  /** Calls that were corrected after Stripe had been told: to settle with the customer. The newest at most 200 stand in `rows`. */
  differences: z.object({ calls: count, nanoUsd, ...signedQuantities, rows: z.array(billingDifferenceSchema) }),
  /** Calls of this month that no customer is mapped to: they are not billed to anyone. */
  unmapped: sumSchema.extend({ calls: count }),
  /** Calls of customers without a price, of any month, that are in no meter event until they have one: a token plan counts them all the same. */
  unpriced: z.object({ calls: count, customers: count }),
  nextAttemptAtMs: instantMs.nullable(),
  /** By group (shared/meter-event-groups.ts): what stopped, what waits, what is done; the newest first in each, at most 200 of the first two. */
  events: z.array(meterEventSchema),
  /** How many there are of each, shown or not. */
  eventsInAll: z.object({ stopped: count, waiting: count, done: count }),
});
export type StripeView = z.infer<typeof stripeViewSchema>;

/** Where transcripts may stand: a named folder, `CLAUDE_CONFIG_DIR`, the person's home folder. */
export const transcriptPlacesSchema = z.strictObject({
  folder: z.string().nullable(),
  configFolders: z.string().nullable(),
  homeFolder: z.string(),
});
export const ledgerImportSchema = z.strictObject({ path: z.string() });

/** What an import of transcripts came to. `files` were found, `newFiles` held something new, `unreadableFiles` may not be read. */
export const transcriptsResultSchema = z.object({
  files: count,
  newFiles: count,
  unreadableFiles: count,
  lines: count,
  brokenLines: count,
  recorded: count,
  /** Of those that were recorded. */
  unpriced: count,
  corrected: count,
  unchanged: count,
});
export type TranscriptsResult = z.infer<typeof transcriptsResultSchema>;

/** What an import of a teammate's export came to; `sentences` tells the first broken lines. */
export const ledgerImportResultSchema = z.object({
  lines: count,
  recorded: count,
  /** Of those that were recorded. */
  unpriced: count,
  corrected: count,
  unchanged: count,
  broken: count,
  sentences: z.array(z.string()),
});
export type LedgerImportResult = z.infer<typeof ledgerImportResultSchema>;

/** Null: the book that ships with this version. */
export const applyPricesSchema = z.strictObject({ book: priceBookSchema.nullable() });

export const rerateQuestionSchema = z.strictObject({
  from: day.nullable().default(null),
  to: day.nullable().default(null),
  isTrial: z.boolean().default(false),
});

/** What pricing past calls again came to; with `isTrial` what it would come to. */
export const rerateAnswerSchema = z.object({
  isTrial: z.boolean(),
  priceBook: z.string(),
  checked: count,
  changed: count,
  /** Unpriced before, priced now; inside `changed`. */
  newlyPriced: count,
  /** Without a price before and after. */
  stillUnpriced: count,
  /** Kept the price they have: this book does not know their model, or another machine kept their passes to itself. */
  kept: count,
  differenceNanoUsd: nanoUsd,
});
export type RerateAnswer = z.infer<typeof rerateAnswerSchema>;

export const syncResultSchema = z.object({ sent: count, accepted: count, waiting: count, sentence: z.string() });
export type SyncResult = z.infer<typeof syncResultSchema>;

export const statusSchema = z.object({
  version: z.string(),
  isDemo: z.boolean(),
  teamName: z.string(),
  timeZone: z.string(),
  proxyUrl: z.string(),
  upstream: z.string(),
  machine: z.string(),
  startedAtMs: instantMs,
  ledgerCalls: count,
  priceBook: z.string(),
  /** Null where none is set. */
  contextLimit: count.nullable(),
});
export type Status = z.infer<typeof statusSchema>;
