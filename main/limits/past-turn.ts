/** A turn of before the start, as the limits take it. Pure. */
import type { TurnRow } from '../../shared/contract/limits-start.ts';
import { contextCountsOf } from '../../shared/prompt-estimate.ts';
import type { PastTurn } from './limits.ts';

export function pastTurn({ conversation, project, requestedModel, usage, ...row }: TurnRow): PastTurn {
  const { startedAtMs, endedAtMs, costNanoUsd, ...counts } = row;
  return {
    conversation,
    project,
    turn: {
      startedAtMs,
      endedAtMs,
      model: requestedModel,
      counts: usage === null ? counts : contextCountsOf(usage),
      costNanoUsd,
      // Its body is gone: the next turn is estimated by the rule.
      tokensByRule: 0,
      changed: { system: false, tools: false, history: false },
    },
  };
}
