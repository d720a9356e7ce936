/** Prices by the book: each rule with the figures of the published list. */
import { describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { priceUsage } from '../../../shared/pricing/price.ts';
import { readUsage } from '../../../shared/usage.ts';

const million = 1_000_000;

function usdPerMillion(model: string, usage: object, at = '2026-11-24T00:00:00Z'): number | string {
  const priced = priceUsage(
    { model, usage: readUsage(usage), stopReason: 'end_turn', atMs: Date.parse(at) },
    currentBook,
  );
  return priced.kind === 'priced' ? priced.costNanoUsd / 1e9 : priced.reason;
}

describe('the price', () => {
  it.each([
    ['claude-fable-5-2', { input_tokens: million }, 8],
    ['claude-fable-5-2', { cache_read_input_tokens: million }, 0.2],
    ['claude-opus-5-5', { output_tokens: million }, 20],
    ['claude-opus-5-5[1m]', { output_tokens: million }, 20],
    ['claude-opus-5-5', { cache_creation_input_tokens: million }, 5],
    [
      'claude-opus-5-5',
      { cache_creation_input_tokens: million, cache_creation: { ephemeral_1h_input_tokens: million } },
      8,
    ],
    ['claude-opus-5-5', { output_tokens: million, service_tier: 'batch' }, 10],
    ['claude-opus-5-5', { output_tokens: million, speed: 'fast' }, 40],
    ['claude-opus-5-5', { output_tokens: million, inference_geo: 'us' }, 22],
    ['claude-opus-5-5', { output_tokens: million, speed: 'fast', inference_geo: 'us' }, 44],
    ['claude-haiku-4-5', { output_tokens: million, inference_geo: 'us' }, 5],
    ['claude-haiku-5-5', { input_tokens: 100_000 }, 0.01],
    ['claude-haiku-5-5', { input_tokens: 100_001 }, 0.0500005],
    ['claude-haiku-5-5', { input_tokens: 100_001, output_tokens: million }, 2.5500005],
    ['claude-sonnet-5-5', { server_tool_use: { web_search_requests: 3 } }, 0.03],
    // Neither residency nor batch nor fast changes a search: they are of token categories.
    ['claude-opus-5-5', { server_tool_use: { web_search_requests: 3 }, inference_geo: 'us', speed: 'fast' }, 0.03],
    ['claude-opus-5-5', { server_tool_use: { web_search_requests: 3 }, service_tier: 'batch' }, 0.03],
    ['claude-opus-5-5', { cache_read_input_tokens: million, service_tier: 'batch', inference_geo: 'us' }, 0.11],
    ['claude-haiku-5-5', { input_tokens: 60_000, cache_read_input_tokens: 40_001, service_tier: 'batch' }, 0.016000025],
    ['claude-sonnet-4-20250514', { input_tokens: million }, 3],
  ])('of %s for %o is $%d', (model, usage, usd) => {
    expect(usdPerMillion(model, usage)).toBe(usd);
  });

  it('changes on the day the list says', () => {
    const read = { cache_read_input_tokens: million };
    expect(usdPerMillion('claude-sonnet-5-5', read, '2026-10-06T23:59:59Z')).toBe(0.2);
    expect(usdPerMillion('claude-sonnet-5-5', read, '2026-10-07T00:00:00Z')).toBe(0.1);
  });

  it.each([
    ['claude-sonnet-5-55', {}, 'claude-sonnet-5-55 is not in price book'],
    ['claude-mythos-preview', { cache_read_input_tokens: 5 }, 'No cache read price is published'],
    ['claude-opus-5-5', { input_tokens: 5, service_tier: 'priority' }, 'priced by contract'],
    ['claude-opus-5-5', { input_tokens: 5, service_tier: 'flex' }, 'service tier "flex" is not known'],
    ['claude-opus-5-5', { input_tokens: 5, speed: 'warp' }, 'speed "warp" is not known'],
    ['claude-opus-5-5', { input_tokens: 5, inference_geo: 'eu' }, 'inference region "eu" is not known'],
    ['claude-sonnet-5-5', { input_tokens: 5, speed: 'fast' }, 'No fast price is published'],
    [
      'claude-opus-5-5',
      { cache_creation: { ephemeral_24h_input_tokens: 9 } },
      'cache_creation.ephemeral_24h_input_tokens',
    ],
    ['claude-opus-5-5', { server_tool_use: { image_requests: 2 } }, 'server_tool_use.image_requests'],
    ['claude-opus-5-5', { audio_input_tokens: 7 }, 'audio_input_tokens'],
    ['claude-opus-5-5', { iterations: [{ type: 'dream', output_tokens: 3 }] }, 'iterations of type dream'],
  ])('of %s for %o is not guessed', (model, usage, reason) => {
    expect(usdPerMillion(model, { input_tokens: 1, ...usage })).toContain(reason);
  });

  it.each([
    // Free, informational, or zero: nothing of it makes a call unpriced.
    [{ server_tool_use: { web_fetch_requests: 9, code_execution_requests: 2 } }],
    [{ cache_creation: { ephemeral_24h_input_tokens: 0 }, audio_input_tokens: null }],
    [
      {
        output_tokens_details: { thinking_tokens: 1, other_tokens: 1 },
        fallback_credit: { status: { type: 'redeemed' } },
      },
    ],
    [{ inference_geo: 'global' }],
    [{ inference_geo: 'not_available' }],
  ])('is not changed by %o', (more) => {
    expect(usdPerMillion('claude-opus-5-5', { output_tokens: million, ...more })).toBe(20);
  });

  it.each([
    ['claude-opus-4-6', { output_tokens: million }, '2026-06-28T23:59:59Z', 150],
    ['claude-opus-4-6', { cache_read_input_tokens: million }, '2026-06-01T00:00:00Z', 3],
    // It takes the parameter, and runs and bills as standard since.
    ['claude-opus-4-6', { output_tokens: million }, '2026-06-29T00:00:00Z', 25],
    ['claude-opus-4-6', { input_tokens: 200_001 }, '2026-03-12T00:00:00Z', 'No fast price of long prompts'],
    ['claude-opus-4-7', { output_tokens: million }, '2026-07-23T00:00:00Z', 150],
    ['claude-opus-4-7', { output_tokens: million }, '2026-07-24T00:00:00Z', 'No fast price is published'],
    ['claude-opus-4-8', { output_tokens: million }, '2026-11-29T23:59:59Z', 50],
    ['claude-opus-4-8', { output_tokens: million }, '2026-11-30T00:00:00Z', 'No fast price is published'],
  ])('of a fast call of %s for %o at %s is %s', (model, usage, at, expected) => {
    const told = usdPerMillion(model, { ...usage, speed: 'fast' }, at);
    if (typeof expected === 'number') expect(told).toBe(expected);
    else expect(told).toContain(expected);
  });

  it.each([
    ['claude-sonnet-4-6', '2026-03-12T23:59:59Z', 6],
    ['claude-sonnet-4-6', '2026-03-13T00:00:00Z', 3],
    ['claude-sonnet-4-5', '2026-04-29T00:00:00Z', 6],
    ['claude-sonnet-4-5', '2026-04-30T00:00:00Z', 3],
    ['claude-opus-4-6', '2026-03-12T00:00:00Z', 10],
  ])('of a long prompt of %s at %s is that of the day, for the whole request', (model, at, usd) => {
    expect(usdPerMillion(model, { input_tokens: million }, at)).toBe(usd);
    expect(usdPerMillion(model, { input_tokens: 200_000 }, at)).toBe((model.includes('opus') ? 5 : 3) / 5);
  });

  it('includes a compaction and an advisor, which the top level leaves out', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 20,
      iterations: [
        { type: 'compaction', input_tokens: million, output_tokens: 0 },
        { type: 'advisor_message', model: 'claude-fable-5-2', output_tokens: million },
        { type: 'message', model: null, input_tokens: 10, output_tokens: 20 },
      ],
    };
    // $4 the compaction at the message's own model, $40 the advisor at its own, and the message.
    expect(usdPerMillion('claude-opus-5-5', usage)).toBe(44 + 10 * 0.000004 + 20 * 0.00002);
  });

  it('of each pass is its own model’s, and a declined attempt is free', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 10,
      iterations: [
        { type: 'message', model: 'claude-fable-5-2', input_tokens: million, output_tokens: 0 },
        { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: million, output_tokens: million },
        { type: 'compaction', input_tokens: million, output_tokens: 0 },
        { type: 'advisor_message', model: 'claude-haiku-5-5', input_tokens: 1_000, output_tokens: 1_000 },
      ],
    };
    expect(usdPerMillion('claude-opus-5-5', usage)).toBe(4 + 20 + 4 + 0.0001 + 0.0005);
  });
});

describe('the book', () => {
  it('finds models by exact id and declared alias only', () => {
    expect(currentBook.find('claude-opus-4-5')?.id).toBe('claude-opus-4-5-20251101');
    expect(currentBook.find('claude-sonnet-5')?.id).toBe('claude-sonnet-5');
    expect(currentBook.find('claude-sonnet-5-5-preview')).toBeNull();
    expect(currentBook.find('sonnet')).toBeNull();
  });
});
