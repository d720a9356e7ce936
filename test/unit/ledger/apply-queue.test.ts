/** How settles reach the ledger: in order, in batches, again when it refuses. The thread border is two functions here, and time is driven by hand. */
import { describe, expect, it } from 'vitest';

import { createApplyQueue } from '../../../main/ledger/apply-queue.ts';
import type { ApplyAnswer, ApplyBatch } from '../../../main/ledger/apply-settles.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';

const committed: ApplyAnswer = { kind: 'committed', unusual: [] };
const refused: ApplyAnswer = { kind: 'failed', reason: 'database is locked', code: 'SQLITE_BUSY', isDamage: false };

function start() {
  const posted: ApplyBatch[] = [];
  const applied: number[] = [];
  const damages: string[] = [];
  let answer: (told: ApplyAnswer) => void = () => {};
  let due: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    nowMs: () => 5_000,
    after: (_delayMs, run) => {
      due.push(run);
      return { cancel: () => (due = due.filter((other) => other !== run)) };
    },
  };
  const queue = createApplyQueue({
    clock,
    post: (batch) => posted.push(batch),
    onAnswers: (take) => (answer = take),
    onApplied: (number) => applied.push(number),
    onDamage: (reason) => damages.push(reason),
  });
  const told: string[] = [];
  let number = 0;
  return {
    queue,
    posted,
    applied,
    damages,
    told,
    add: (id: string) => queue.add((number += 1), id, id, (unusual) => told.push(`${id} ${unusual?.kind ?? 'as any'}`)),
    answer: (one: ApplyAnswer) => answer(one),
    passTime: () => {
      const run = due;
      due = [];
      for (const one of run) one();
    },
  };
}

describe('settles on their way to the ledger', () => {
  it('go together when they come close together, and in their order', () => {
    const { add, posted, passTime, answer, applied, told } = start();
    add('a');
    add('b');
    expect(posted).toEqual([]);
    passTime();
    expect(posted).toEqual([{ settles: ['a', 'b'] }]);
    add('c');
    passTime();
    expect(posted).toHaveLength(1);
    answer({ kind: 'committed', unusual: [{ callId: 'b', kind: 'merged', changes: [] }] });
    expect(applied).toEqual([2]);
    expect(told).toEqual(['a as any', 'b merged']);
    passTime();
    expect(posted.at(-1)).toEqual({ settles: ['c'] });
  });

  it('do not wait when there are many, and are bounded in one transaction', () => {
    const { add, posted, answer } = start();
    for (let index = 0; index < 2_900; index++) add(`call_${index}`);
    expect(posted.map(({ settles }) => settles.length)).toEqual([400]);
    answer(committed);
    answer(committed);
    answer(committed);
    answer(committed);
    expect(posted.map(({ settles }) => settles.length)).toEqual([400, 1_000, 1_000, 500]);
    expect(posted.flatMap(({ settles }) => settles)).toEqual(
      Array.from({ length: 2_900 }, (_, index) => `call_${index}`),
    );
  });

  it('that the ledger refuses are tried again in front of newer ones, and are told once', () => {
    const { add, posted, answer, passTime, queue, told, applied } = start();
    add('a');
    passTime();
    answer(refused);
    expect(queue.trouble()).toEqual({ reason: 'database is locked', code: 'SQLITE_BUSY', sinceMs: 5_000, waiting: 1 });
    add('b');
    passTime();
    answer(refused);
    passTime();
    answer(committed);
    expect(posted.map(({ settles }) => settles)).toEqual([['a'], ['a', 'b'], ['a', 'b']]);
    expect(told).toEqual(['a as any', 'b as any']);
    expect(applied).toEqual([2]);
    expect(queue.trouble()).toBeNull();
  });

  it('tell of a damaged file', () => {
    const { add, passTime, answer, damages } = start();
    add('a');
    passTime();
    answer({ ...refused, isDamage: true, reason: 'malformed' });
    expect(damages).toEqual(['malformed']);
  });

  it('are left to the journal beyond what memory holds, which then is never told that the ledger has them', () => {
    const { add, passTime, answer, applied, queue } = start();
    add('first');
    passTime();
    answer(refused);
    for (let index = 0; index < 100_010; index++) add(`call_${index}`);
    expect(queue.trouble()?.waiting).toBe(100_000);
    passTime();
    while (queue.trouble() !== null || (applied.at(-1) ?? 0) < 100_000) answer(committed);
    add('later');
    passTime();
    answer(committed);
    expect(applied.at(-1)).toBe(100_000);
  });
});
