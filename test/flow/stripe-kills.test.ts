/**
 * A kill (SIGKILL) of the real process at every state of a meter event that is sent once, and at every moment between two of them; the same file is opened
 * again, and at the end Stripe's sums equal the ledger's, nothing counts twice and nothing is stuck.
 */
import { afterEach, beforeEach, describe, it } from 'vitest';

import type { Db } from '../../main/system/db.ts';
import { customer, dayMs, hourMs, openKillStage, type Ending, type KillStage } from '../kit/kill-stage.ts';

const sends = /^POST \/v1\/billing\/meter_events$/;
const summaries = /^GET .*\/event_summaries/;

let stage: KillStage;

beforeEach(async () => {
  stage = await openKillStage();
});
afterEach(() => stage.close());

/** The summary of its minute has been read before, and has said nothing since. */
function readBefore(db: Db): void {
  db.exec(
    `INSERT INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained) SELECT customer, meter, minute_ms, 0, ${Date.now() - 2 * hourMs}, ${Date.now() - 2 * hourMs}, 0, 0 FROM meter_events`,
  );
}

const anHourAgo = () => stage.ledgerOf(hourMs);
const weeksAgo = () => stage.ledgerOf(36 * dayMs);
const held30Hours = (hasArrived: boolean) =>
  stage.ledgerOf(31 * hourMs, ({ db }) => {
    stage.sentBefore(db, 30 * hourMs, 'unknown', hasArrived);
    if (!hasArrived) readBefore(db);
  });
const accepted2Days = () =>
  stage.ledgerOf(2 * dayMs, ({ db }) => stage.sentBefore(db, 2 * dayMs - hourMs, 'accepted', true));

type Kill = {
  readonly name: string;
  readonly before: () => void;
  /** Ends with the process killed. */
  readonly kill: () => Promise<void>;
  readonly ends: Ending;
};

const accepted: Ending = { state: 'accepted' };
const confirmed: Ending = { state: 'confirmed' };

const kills: readonly Kill[] = [
  { name: 'sealed', before: anHourAgo, kill: () => stage.killIn('sealed', false), ends: accepted },
  {
    name: 'sending, before Stripe has it',
    before: anHourAgo,
    kill: () => stage.killHeld('before', sends),
    ends: accepted,
  },
  {
    name: 'sending, after Stripe took it and before its answer',
    before: anHourAgo,
    kill: () => stage.killHeld('after', sends),
    ends: accepted,
  },
  {
    name: 'sending, after the answer and before it is written down',
    before: anHourAgo,
    kill: () => stage.killAnswered(sends),
    ends: accepted,
  },
  {
    name: 'unknown, with its answer lost',
    before: anHourAgo,
    kill: async () => {
      const first = stage.gate.hold('after', sends);
      await stage.start();
      const held = await first;
      // The SDK asks a second time by itself when a connection is closed.
      const second = stage.gate.hold('before', sends);
      held.breakOff();
      (await second).breakOff();
      await stage.stateIs('unknown');
      await stage.kill();
    },
    ends: accepted,
  },
  { name: 'accepted', before: anHourAgo, kill: () => stage.killIn('accepted'), ends: accepted },
  {
    name: 'accepted, while the figure of its day is asked for',
    before: accepted2Days,
    kill: () => stage.killHeld('before', summaries),
    ends: confirmed,
  },
  {
    name: 'accepted, with the figure of its day read and not written down',
    before: accepted2Days,
    kill: () => stage.killAnswered(summaries),
    ends: confirmed,
  },
  { name: 'confirmed', before: accepted2Days, kill: () => stage.killIn('confirmed'), ends: confirmed },
  {
    name: 'rejected',
    before: () => {
      for (const known of stage.gate.account.state.meters.values()) known.isActive = false;
      anHourAgo();
    },
    kill: () => stage.killIn('rejected'),
    ends: { state: 'rejected', counted: 0 },
  },
  {
    name: 'set aside',
    before: weeksAgo,
    kill: () => stage.killIn('set_aside'),
    ends: { state: 'set_aside', counted: 0 },
  },
  {
    name: 'carried forward',
    before: weeksAgo,
    kill: async () => {
      await stage.killIn('set_aside');
      const running = await stage.start();
      const { carryForwards } = (await running.ask('GET', '/api/stripe')) as { carryForwards: { nanoUsd: number }[] };
      await running.ask('POST', `/api/stripe/carry-forwards/${customer}`, { nanoUsd: carryForwards[0]?.nanoUsd });
      await stage.stateIs('carried_forward');
      await stage.kill();
    },
    ends: { state: 'carried_forward', counted: 0 },
  },
  {
    name: 'held, while the summary of its minute is asked for',
    before: () => held30Hours(true),
    kill: () => stage.killHeld('before', summaries),
    ends: accepted,
  },
  {
    name: 'held, with the summary read and not written down',
    before: () => held30Hours(true),
    kill: () => stage.killAnswered(summaries),
    ends: accepted,
  },
  {
    name: 'held and missing, while the summary is asked for',
    before: () => held30Hours(false),
    kill: () => stage.killHeld('before', summaries),
    ends: accepted,
  },
  {
    name: 'held and missing, with the summary read and not written down',
    before: () => held30Hours(false),
    kill: () => stage.killAnswered(summaries),
    ends: accepted,
  },
  {
    name: 'sealed again under another identifier, before Stripe has it',
    before: () => held30Hours(false),
    kill: () => stage.killHeld('before', sends),
    ends: accepted,
  },
  {
    name: 'sealed again, after Stripe took it and before its answer',
    before: () => held30Hours(false),
    kill: () => stage.killHeld('after', sends),
    ends: accepted,
  },
  {
    name: 'sealed again, after the answer and before it is written down',
    before: () => held30Hours(false),
    kill: () => stage.killAnswered(sends),
    ends: accepted,
  },
];

describe('a kill while an event is', () => {
  it.each(kills)('$name loses nothing and counts nothing twice', async ({ before, kill, ends }) => {
    before();
    await kill();
    await stage.endsAs(ends);
  });
});
