/**
 * A message of a transcript as a call of the ledger. Pure.
 * The rule: the message was answered, so the call is complete. Its counts are final when a stop reason stands with them; without one they are what
 * Claude Code had been told when it wrote the line, which may be the placeholder of the start: `estimated` (facts/anthropic.md section 10, 8).
 * Priced like any other call. Where no book knows the model and the line carries a cost of its own (`costUSD`, old versions), that is taken.
 */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import { customerOf, type CustomerMap } from '../../shared/customer-of.ts';
import { nanoUsdPerUsd } from '../../shared/money.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { settle, type CallEnd } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';
import { nameOf, type TranscriptMessage } from './transcript-lines.ts';

/** Whom calls belong to that do not say it themselves. Plain data: it is handed to a thread. */
export type IntakeDefaults = CustomerMap & {
  readonly member: string | null;
  /** Used where a call names none itself. */
  readonly project: string | null;
};

export type TranscriptCall = {
  readonly call: CallRecord;
  readonly lines: readonly ChargeLine[];
  readonly keys: readonly string[];
};

export function transcriptCall(
  id: string,
  message: TranscriptMessage,
  defaults: IntakeDefaults,
  book: PriceBook,
): TranscriptCall {
  const project = lastPart(message.cwd) ?? defaults.project;
  const { outcome, lines } = settle(endOf(message), book);
  // The spread stands first: V8 copies a whole object fast, and adds to one that has fields already name by name.
  const call: CallRecord = {
    ...outcome,
    id,
    source: 'claude_code',
    startedAtMs: message.firstAtMs,
    path: '/v1/messages',
    client: 'claude-cli',
    clientUser: null,
    requestedModel: null,
    isStream: true,
    promptBytes: 0,
    member: defaults.member,
    project,
    customer: customerOf(defaults, { member: defaults.member, project }),
    conversation: conversationOf(message),
    isEstimated: message.stopReason === null,
  };
  const keys = message.messageId === null ? [nameOf(message)] : [];
  if (call.costNanoUsd === null && message.costUsd !== null) return { ...withToldCost(call, message.costUsd), keys };
  return { call, lines, keys };
}

function endOf(message: TranscriptMessage): CallEnd {
  const usage = readUsage(message.usage);
  return {
    startedAtMs: message.firstAtMs,
    endedAtMs: message.lastAtMs,
    firstByteMs: null,
    httpStatus: 200,
    requestId: message.requestId,
    responseBytes: 0,
    model: message.model,
    messageId: message.messageId,
    stopReason: message.stopReason,
    errorType: null,
    usage,
    usageJson: usage.passes.length + usage.unknownParts.length > 0 ? JSON.stringify(message.usage) : null,
    isWhole: true,
    outputTokensSoFar: 0,
    trouble: null,
  };
}

function withToldCost(call: CallRecord, costUsd: number): Omit<TranscriptCall, 'keys'> {
  // The one place where a float becomes money: Claude Code wrote one, rounded to the nano-dollar here.
  const costNanoUsd = Math.round(costUsd * nanoUsdPerUsd);
  const unitPricePicoUsd = costNanoUsd * 1_000;
  const line: ChargeLine = {
    model: call.model ?? '',
    tokenClass: 'imported',
    quantity: 1,
    unitPricePicoUsd,
    amountPicoUsd: unitPricePicoUsd,
    basis: 'as Claude Code wrote it',
  };
  return {
    call: { ...call, costNanoUsd, priceBook: 'claude-code', unpricedReason: null },
    lines: costNanoUsd === 0 ? [] : [line],
  };
}

/** A subagent shares its parent's session and has a context of its own. */
function conversationOf({ sessionId, agentId, isSidechain }: TranscriptMessage): string | null {
  if (sessionId === null || !isSidechain) return sessionId;
  return `${sessionId}/${agentId ?? 'sidechain'}`;
}

/** The name of the folder that Claude Code worked in, on any system. */
function lastPart(path: string | null): string | null {
  const name = path
    ?.split(/[/\\]/)
    .filter((part) => part !== '')
    .at(-1);
  return name === undefined ? null : name.slice(0, 100);
}
