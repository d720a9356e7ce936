/** Which meter events are shown of a long backlog. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import { listEvents } from '../../../main/ledger/list-events.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { statusText } from '../../../main/commands/sync-text.ts';
import { groupOf } from '../../../shared/meter-event-groups.ts';
import { createDayOf } from '../../../shared/period.ts';
import { shownSentence } from '../../../renderer/views/stripe/event-words.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
let world: OutboxWorld;
beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a'] });
});
afterEach(() => world.close());

/** Each in a minute of its own. */
function waits(events: number): void {
  const nowMs = world.clock.nowMs();
  world.calls(
    Array.from({ length: events }, (_, index) => ({ customer: 'cus_a', startedAtMs: nowMs + index * minuteMs })),
  );
  world.clock.advance((events + 2) * minuteMs);
  while (sealClosedMinutes(world.db, { nowMs: world.clock.nowMs(), onTheirWay: [] }) > 0);
}

it('what stopped is shown before however much waits, and is never hidden by it', async () => {
  world.call({ customer: 'cus_a' });
  await world.sync();
  world.clock.advance(2 * minuteMs);
  await world.sync();
  waits(1);
  const [old = ''] = world.idsIn('sealed');
  setAsideEvent(world.db, { id: old, nowMs: world.clock.nowMs() });
  waits(450);
  const { events, eventsInAll } = listEvents(world.db);
  expect(eventsInAll).toEqual({ stopped: 1, waiting: 450, done: 1 });
  expect(events.map(({ state }) => state)).toEqual(['set_aside', ...Array<string>(200).fill('sealed'), 'accepted']);
  expect(events[0]).toMatchObject({ id: old, lastAnswer: expect.stringContaining('set aside by hand') });
  const inGroup = Map.groupBy(events, groupOf);
  expect([...inGroup].map(([group, rows]) => [group, rows.length])).toEqual([
    ['stopped', 1],
    ['waiting', 200],
    ['done', 1],
  ]);
  expect(shownSentence(events, eventsInAll)).toBe('1 stopped, 450 waiting (the newest 200 are shown), 1 done.');
  expect(statusText(world.view(), createDayOf('UTC')).join('\n')).toContain('The newest 201 of 451.');
});

it('all of a few are shown, the newest first', () => {
  waits(3);
  const { events, eventsInAll } = listEvents(world.db);
  expect(events.map(({ minuteMs: atMs }) => atMs)).toEqual(
    events.map(({ minuteMs: atMs }) => atMs).toSorted((a, b) => b - a),
  );
  expect(shownSentence(events, eventsInAll)).toBe('3 waiting.');
});
