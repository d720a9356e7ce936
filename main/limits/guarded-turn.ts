/** A call that was let through, as the turn of its conversation that it became. Pure. */
import type { BegunCall } from '../../shared/call.ts';
import { contextCountsOf } from '../../shared/prompt-estimate.ts';
import type { PromptMeasure } from '../../shared/prompt-measure.ts';
import type { Usage } from '../../shared/usage.ts';
import type { Turn } from './conversation-state.ts';
import type { Place } from './places.ts';

/** What is remembered of it on its way. */
export type OpenCall = {
  readonly place: Place;
  readonly measure: PromptMeasure | null;
  readonly tokensByRule: number;
};

export type TurnEnd = {
  readonly endedAtMs: number;
  readonly usage: Usage;
  readonly costNanoUsd: number | null;
};

const unchanged = { system: false, tools: false, history: false };

export function turnOf(
  { startedAtMs, requestedModel }: BegunCall,
  { place, tokensByRule }: OpenCall,
  { endedAtMs, usage, costNanoUsd }: TurnEnd,
): Turn {
  return {
    startedAtMs,
    endedAtMs,
    // As it was asked for, so that an alias is no changed model.
    model: requestedModel,
    counts: contextCountsOf(usage),
    costNanoUsd,
    tokensByRule,
    changed: place.placement?.changed ?? unchanged,
  };
}
