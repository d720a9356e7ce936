/** Desktop notifications: each thing once, nothing of before the start, and never a flood. */
import { describe, expect, it } from 'vitest';

import type { Conversation, LiveSnapshot } from '../../../shared/contract/events.ts';
import type { ConversationWarning, RefusedCall } from '../../../shared/contract/limits-view.ts';
import { createNotices } from '../../../main/shell/notices.ts';

const quiet = {
  atMs: 1_000,
  isDemo: false,
  conversations: [],
  refused: [],
  budgetWarnings: [],
  limitsFailure: null,
  stripe: { warnings: [] },
} as unknown as LiveSnapshot;

const warning = (atMs: number): ConversationWarning => ({
  cause: 'context_90',
  sentence: 'This conversation holds 91000 tokens.',
  remedy: 'Compact it.',
  number: { value: 91_000, unit: 'tokens' },
  atMs,
});
const conversationOf = (id: string, ...warnings: ConversationWarning[]) =>
  ({ id, project: 'webshop', member: 'alice', warnings }) as unknown as Conversation;
const refusedCall = (id: string, atMs: number): RefusedCall => ({
  id,
  atMs,
  cause: 'budget',
  member: 'bo',
  project: null,
  conversation: null,
  model: null,
  sentence: `stopped ${id}`,
  wouldCostNanoUsd: 1,
  letOn: null,
});

describe('notices', () => {
  it('tell what leaves its invoice, once, also when it was told seconds before the first picture, and never an old one', () => {
    const leaving = (key: string, atMs: number) => ({ key, atMs, sentence: '$38.20 leaves tomorrow’s invoice.' });
    const at = (...warnings: ReturnType<typeof leaving>[]) =>
      ({ ...quiet, atMs: 200_000, stripe: { warnings } }) as unknown as LiveSnapshot;
    const notices = createNotices();
    const told = [
      { title: 'An invoice is about to miss something', body: '$38.20 leaves tomorrow’s invoice.', path: '/stripe' },
    ];
    expect(notices(at(leaving('invoice 2026-12-03', 195_000), leaving('window 2026-12-01', 60_000)))).toEqual(told);
    expect(notices(at(leaving('invoice 2026-12-03', 195_000)))).toEqual([]);
    expect(notices(at(leaving('invoice 2026-12-04', 100_000)))).toEqual(told);
  });

  it('tell a warning, a refusal, a budget and a failure once each', () => {
    const notices = createNotices();
    expect(notices(quiet)).toEqual([]);
    const warned = { ...quiet, conversations: [conversationOf('c1', warning(1_100))] };
    expect(notices(warned)).toEqual([
      {
        title: 'webshop',
        body: 'This conversation holds 91000 tokens. Compact it.',
        path: '/calls?conversation=c1',
      },
    ]);
    expect(notices(warned)).toEqual([]);
    const budget = { of: 'team', whose: null, per: 'day', percent: 80, sentence: '80 %.', atMs: 1_200 };
    const more = {
      ...warned,
      refused: [refusedCall('a', 1_300)],
      budgetWarnings: [budget],
      limitsFailure: 'They failed.',
    };
    expect(notices(more as unknown as LiveSnapshot).map(({ title }) => title)).toEqual([
      'The limits failed',
      'A budget is filling',
      'A call of bo was stopped',
    ]);
  });

  it('tell nothing that was told before the first picture', () => {
    const notices = createNotices();
    expect(notices({ ...quiet, conversations: [conversationOf('c1', warning(900))] })).toEqual([]);
  });

  it('tell the newest three of a burst, and say that a demo is one', () => {
    const notices = createNotices();
    notices(quiet);
    const refused = Array.from({ length: 10 }, (_, index) => refusedCall(`call ${index}`, 1_100 + index));
    const told = notices({ ...quiet, isDemo: true, refused });
    expect(told.map(({ body }) => body)).toEqual(['stopped call 7', 'stopped call 8', 'stopped call 9']);
    expect(told[0]?.title).toBe('A call of bo was stopped (demo data)');
  });

  it('lead to the conversation, the stopped call or the budgets', () => {
    const notices = createNotices();
    notices(quiet);
    const budget = { of: 'team', whose: null, per: 'day', percent: 80, sentence: '80 %.', atMs: 1_400 };
    const told = notices({
      ...quiet,
      conversations: [conversationOf('s1/agent 2', warning(1_100))],
      refused: [{ ...refusedCall('call_1', 1_200), conversation: 's1' }, refusedCall('call_2', 1_300)],
      limitsFailure: null,
      budgetWarnings: [],
    });
    expect(told.map(({ path }) => path)).toEqual([
      '/calls?conversation=s1%2Fagent+2',
      '/calls/call_1?conversation=s1',
      '/calls/call_2',
    ]);
    const later = notices({
      ...quiet,
      budgetWarnings: [budget],
      limitsFailure: 'They failed.',
    } as unknown as LiveSnapshot);
    expect(later.map(({ path }) => path).toSorted()).toEqual(['/', '/limits']);
  });
});
