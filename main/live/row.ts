/** The row of a call as the screens list it, from what was begun and how it ended: the same that the ledger would answer. */
import type { BegunCall, CallOutcome } from '../../shared/call.ts';
import type { CallRow } from '../../shared/contract/api.ts';

export function rowOf(begun: BegunCall, outcome: CallOutcome): CallRow {
  const { id, source, startedAtMs, member, project, customer, conversation, client, requestedModel } = begun;
  const { status, isEstimated, endedAtMs, model, httpStatus, stopReason, errorType, costNanoUsd, unpricedReason } =
    outcome;
  const { wouldCostNanoUsd } = outcome;
  const { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens } = outcome;
  return {
    id,
    source,
    status,
    isEstimated,
    startedAtMs,
    endedAtMs,
    member,
    project,
    customer,
    conversation,
    client,
    requestedModel,
    model,
    httpStatus,
    stopReason,
    errorType,
    inputTokens,
    cacheWrite5mTokens,
    cacheWrite1hTokens,
    cacheReadTokens,
    outputTokens,
    costNanoUsd,
    unpricedReason,
    wouldCostNanoUsd,
  };
}
