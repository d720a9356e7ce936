/** The live meter: its sums, its minutes, its days, and pictures that stay bounded. */
import { describe, expect, it } from 'vitest';

import type { CallRow } from '../../../shared/contract/api.ts';
import { liveSnapshotSchema } from '../../../shared/contract/events.ts';
import { createDayOf, minuteOf } from '../../../shared/period.ts';
import { createConversations } from '../../../main/live/conversations.ts';
import { createLive } from '../../../main/live/live.ts';
import type { LiveCalls } from '../../../main/live/read-again.ts';
import { rowOf } from '../../../main/live/row.ts';
import { createSpendMeter, type SpendStart } from '../../../main/live/spend-meter.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { limitsUnseen } from '../../kit/limits-unseen.ts';

const at = (text: string) => Date.parse(text);
const noon = at('2026-11-24T12:00:00Z');
const nothing: SpendStart = {
  today: { costNanoUsd: 0, calls: 0, failedCalls: 0, unpricedCalls: 0, estimatedCalls: 0, tokens: 0 },
  month: { costNanoUsd: 0, calls: 0, unpricedCalls: 0 },
  minutes: [],
  atMs: noon,
};

function row(id: string, startedAtMs: number, more: Partial<CallRow> = {}): CallRow {
  const begun = begunCall(id, { startedAtMs, conversation: 'c1' });
  return { ...rowOf(begun, settledCall(begun).outcome), ...more };
}

describe('the meter', () => {
  it('adds calls to the minute, the day and the month they started in', () => {
    const meter = createSpendMeter(nothing, createDayOf('UTC'));
    meter.add(row('a', noon - 61_000), noon);
    meter.add(row('b', at('2026-11-23T23:59:00Z')), noon);
    meter.add(row('c', at('2026-10-31T23:59:00Z')), noon);
    meter.add(row('d', noon, { costNanoUsd: null }), noon);
    const sums = meter.sums(noon);
    expect(sums.today).toMatchObject({ calls: 2, failedCalls: 0, costNanoUsd: 2_100_000, unpricedCalls: 1 });
    meter.add(row('e', noon, { status: 'refused', costNanoUsd: 0 }), noon);
    meter.add(row('f', noon, { status: 'failed', costNanoUsd: 0 }), noon);
    expect(meter.sums(noon).today).toMatchObject({ calls: 4, failedCalls: 2, unpricedCalls: 1 });
    expect(sums.month).toMatchObject({ calls: 3, costNanoUsd: 4_200_000, unpricedCalls: 1 });
    expect(sums.minutes).toHaveLength(60);
    expect(sums.minutes.at(-3)).toEqual({ minuteMs: noon - 120_000, costNanoUsd: 2_100_000, unpricedCalls: 0 });
    expect(sums.minutes.at(-1)).toEqual({ minuteMs: noon, costNanoUsd: 0, unpricedCalls: 1 });
    expect(sums.lastMinute).toEqual({ costNanoUsd: 6_300_000, unpricedCalls: 1 });
  });

  it('falls back to zero with time, and turns over at midnight of the zone', () => {
    const meter = createSpendMeter(nothing, createDayOf('UTC'));
    meter.add(row('a', noon), noon);
    expect(meter.sums(noon + 61_000).lastMinute).toEqual({ costNanoUsd: 0, unpricedCalls: 0 });
    const tomorrow = meter.sums(noon + 13 * 3_600_000);
    expect(tomorrow.today).toMatchObject({ day: '2026-11-25', calls: 0, costNanoUsd: 0 });
    expect(tomorrow.month.calls).toBe(1);
    expect(tomorrow.minutes.every(({ costNanoUsd }) => costNanoUsd === 0)).toBe(true);
    expect(meter.sums(at('2026-12-01T00:00:01Z')).month).toMatchObject({ month: '2026-12', calls: 0 });
  });
});

describe('a conversation', () => {
  it('grows turn by turn; a failed turn says nothing about it', () => {
    const conversations = createConversations();
    conversations.add(row('a', noon));
    conversations.add(row('b', noon + 1, { inputTokens: 5, cacheReadTokens: 1_010, outputTokens: 20 }));
    conversations.add(row('c', noon + 2, { inputTokens: 0, outputTokens: 0, status: 'failed', costNanoUsd: 0 }));
    expect(conversations.latest(5)).toMatchObject([
      { id: 'c1', turns: 2, contextTokens: 1_035, growthTokens: 25, costNanoUsd: 4_200_000 },
    ]);
  });

  it('is forgotten when hundreds came after it', () => {
    const conversations = createConversations();
    for (let index = 0; index < 300; index++)
      conversations.add(row(`call_${index}`, noon, { conversation: `c${index}` }));
    expect(conversations.latest(1_000)).toHaveLength(200);
    expect(conversations.latest(1)[0]?.id).toBe('c299');
  });
});

describe('the live picture', () => {
  const stripe = {
    state: 'off' as const,
    mode: 'off' as const,
    waitingEvents: 0,
    waitingNanoUsd: 0,
    waitingQuantities: { tokens: 0, requests: 0, unpricedEvents: 0 },
    oldestWaitingMinuteMs: null,
    since: null,
    lastAnswer: null,
    warnings: [],
  };
  let readAgain = (): LiveCalls => ({ recent: [], minutes: [] });
  const create = () =>
    createLive({
      clock: systemClock,
      timeZone: 'UTC',
      isDemo: false,
      limits: limitsUnseen(100_000),
      spend: createSpendMeter(nothing, createDayOf('UTC')),
      recent: [],
      readAgain: async () => readAgain(),
      stripe: () => stripe,
      gap: () => null,
    });
  const running = () => ({
    model: null,
    inputTokens: 1,
    cacheReadTokens: 0,
    outputTokens: 3,
    costNanoUsd: 7,
    unpricedReason: null,
  });

  it('keeps to its contract and its bounds however much runs', () => {
    const live = create();
    for (let index = 0; index < 80; index++) live.started(begunCall(`r${index}`), running);
    for (let index = 0; index < 40; index++) live.settled(row(`r${index}`, noon, { conversation: `c${index}` }));
    const picture = liveSnapshotSchema.parse(live.snapshot());
    expect(picture).toMatchObject({ inFlightCount: 40 });
    expect([picture.inFlight.length, picture.recent.length, picture.conversations.length]).toEqual([40, 30, 24]);
    live.close();
  });

  it('shows calls as they were corrected, and those that were settled in between', async () => {
    const live = create();
    const known = row('a', Date.now(), { costNanoUsd: null, unpricedReason: 'The model x is not in price book y.' });
    live.settled(known);
    expect(live.snapshot().conversations[0]).toMatchObject({ costNanoUsd: 0, unpricedCalls: 1 });

    const wasRead = new Promise<void>((resolve) => {
      readAgain = () => {
        // While the ledger is read, one more call ends, which the answer does not know.
        live.settled(row('b', Date.now()));
        resolve();
        const corrected = { ...known, costNanoUsd: 5, unpricedReason: null };
        return {
          recent: [corrected],
          minutes: [{ minuteMs: minuteOf(known.startedAtMs), costNanoUsd: 5, unpricedCalls: 0 }],
        };
      };
    });
    const day = '2026-11-24';
    live.changed([{ day, costNanoUsd: 5, calls: 0, failedCalls: 0, unpricedCalls: -1, estimatedCalls: 0, tokens: 0 }]);
    await wasRead;
    await expect
      .poll(() => live.snapshot().recent.map(({ id, costNanoUsd }) => `${id} ${costNanoUsd}`))
      .toEqual(['b 2100000', 'a 5']);
    const { conversations, minutes } = live.snapshot();
    expect(conversations[0]).toMatchObject({ turns: 2, costNanoUsd: 2_100_005, unpricedCalls: 0 });
    expect(minutes.reduce((sum, minute) => sum + minute.costNanoUsd, 0)).toBe(2_100_005);
    expect(minutes.every(({ unpricedCalls }) => unpricedCalls === 0)).toBe(true);
    live.close();
  });

  it('is pushed when something changed, and to so many listeners only', async () => {
    const live = create();
    const pictures: number[] = [];
    const { promise: second, resolve } = Promise.withResolvers<void>();
    live.subscribe((picture) => {
      pictures.push(picture.recent.length);
      if (pictures.length === 1) live.settled(row('a', noon));
      else resolve();
    });
    await second;
    expect(pictures.slice(0, 2)).toEqual([0, 1]);
    const listeners = Array.from({ length: 40 }, () => live.subscribe(() => {}));
    expect(listeners.filter((listener) => listener === null)).toHaveLength(9);
    live.close();
  });
});
