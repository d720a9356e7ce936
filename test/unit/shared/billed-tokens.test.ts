/** The tokens of a call that a token plan counts: by class and model, each model under one name. */
import { describe, expect, it } from 'vitest';

import type { ChargeLine } from '../../../shared/call.ts';
import { billedTokens } from '../../../shared/billed-tokens.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';

const begun = begunCall('call_1');
const { outcome } = settledCall(begun, { input_tokens: 10, output_tokens: 2 });
const call = { ...begun, ...outcome };
const nameOf = (model: string) => (model === 'claude-alias' ? 'claude-name' : model);

function line(tokenClass: ChargeLine['tokenClass'], model: string, quantity: number): ChargeLine {
  return { tokenClass, model, quantity, unitPricePicoUsd: 10, amountPicoUsd: quantity * 10, basis: 'standard' };
}

describe('the billed tokens of a call', () => {
  it('are those of its charge lines, without what rounds them', () => {
    const lines = [
      line('output', 'claude-name', 2),
      line('input', 'claude-name', 10),
      line('rounding', 'claude-name', 1),
    ];
    expect(billedTokens(call, lines, nameOf)).toEqual([
      { tokenClass: 'input', model: 'claude-name', quantity: 10, amountPicoUsd: 100n },
      { tokenClass: 'output', model: 'claude-name', quantity: 2, amountPicoUsd: 20n },
    ]);
  });

  it('have one name of their model, though web searches are charged under that of the answer', () => {
    const lines = [line('input', 'claude-name', 10), line('web_search', 'claude-alias', 1)];
    expect(billedTokens(call, lines, nameOf).map(({ model }) => model)).toEqual(['claude-name', 'claude-name']);
  });
});
