/** A teammate's exported call as a call of this ledger: whose price it has, and when it has none. */
import { describe, expect, it } from 'vitest';

import { readExportLine } from '../../../main/intake/read-export.ts';
import type { ExportedCall } from '../../../shared/contract/export.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { createPriceBook, dataOf } from '../../../shared/pricing/price-book.ts';
import { repriceCall } from '../../../shared/pricing/reprice.ts';

const row: ExportedCall = {
  id: 'call_theirs',
  source: 'proxy',
  status: 'complete',
  estimated: false,
  started_at: '2026-11-20T10:00:00.000Z',
  ended_at: '2026-11-20T10:00:01.000Z',
  member: 'bo',
  project: null,
  customer: null,
  conversation: null,
  requested_model: null,
  model: 'claude-sonnet-5-5',
  message_id: 'msg_theirs',
  request_id: 'req_theirs',
  http_status: 200,
  stop_reason: 'end_turn',
  service_tier: null,
  speed: null,
  inference_geo: null,
  input_tokens: 100,
  cache_write_5m_tokens: 0,
  cache_write_1h_tokens: 0,
  cache_read_tokens: 0,
  output_tokens: 10,
  thinking_tokens: 0,
  web_search_requests: 0,
  passes: 1,
  prompt_bytes: 10,
  response_bytes: 10,
  cost_nano_usd: 300_000,
  price_book: currentBook.version,
  unpriced_reason: null,
  would_cost_nano_usd: null,
};
/** What our own book makes of the counts: $2 and $10 a million. */
const ourCost = 100 * 2_000 + 10 * 10_000;

function read(more: Partial<ExportedCall>) {
  const line = readExportLine(JSON.stringify({ ...row, ...more }), 1, currentBook);
  if (line.kind !== 'call') throw new Error(line.sentence);
  return line;
}
const unpriced = (reason: string | null, more: Partial<ExportedCall> = {}) =>
  read({ cost_nano_usd: null, price_book: null, unpriced_reason: reason, ...more });

describe('an exported call', () => {
  it('has its own price, with our charge lines where they come to the same', () => {
    expect(read({})).toMatchObject({ call: { costNanoUsd: ourCost }, lines: [{ quantity: 100 }, { quantity: 10 }] });
    expect(read({ cost_nano_usd: 7, price_book: 'theirs' })).toMatchObject({
      call: { costNanoUsd: 7, priceBook: 'theirs' },
      lines: [{ tokenClass: 'imported', amountPicoUsd: 7_000, basis: 'price book theirs of another machine' }],
    });
  });

  it.each([
    'The model claude-sonnet-5-5 is not in price book old-1.',
    'No output price is published for claude-sonnet-5-5.',
  ])('whose price alone was missing (%s) has ours', (reason) => {
    expect(unpriced(reason).call).toMatchObject({ costNanoUsd: ourCost, unpricedReason: null });
  });

  it.each([
    // An export has no column for such a count, so what is left of the usage would be priced too low.
    ['The usage counts video_tokens, which this version cannot price.', {}],
    ['The usage counts iterations of type planner, which this version cannot price.', {}],
    ['Priority tier is priced by contract, which the API does not tell.', { service_tier: 'priority' }],
    ['The call was cut before Anthropic reported its usage.', { passes: 0, status: 'partial' as const }],
    ['Something that only a later version says.', {}],
    [null, {}],
  ])(
    'without a price for another reason (%s) stays without one, now and when calls are priced again',
    (reason, more) => {
      const { call, lines } = unpriced(reason, more);
      expect(call).toMatchObject({ costNanoUsd: null, unpricedReason: reason ?? 'Its export gives no reason.' });
      expect(lines).toEqual([]);
      const later = createPriceBook({ ...dataOf(currentBook), version: 'later' });
      expect(repriceCall(call, later)?.costNanoUsd ?? null).toBeNull();
    },
  );
});
