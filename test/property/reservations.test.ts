/** Reservations: whatever begins, ends, fails and is corrected in any order, money is neither lost nor counted twice, and a full budget stays full. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createReservationBook, type Account } from '../../main/limits/reservation-book.ts';

const accounts: readonly Account[] = [
  { key: 'team//2026-11', limitNanoUsd: 5_000 },
  { key: 'member/a/2026-11-24', limitNanoUsd: 1_000 },
  { key: 'member/b/2026-11-24', limitNanoUsd: 1_000 },
];
const under = (member: number) => accounts.filter((_account, index) => index === 0 || index === member);

const step = fc.oneof(
  fc.record({
    does: fc.constant('reserve' as const),
    call: fc.nat(30),
    member: fc.integer({ min: 1, max: 2 }),
    nanoUsd: fc.nat(600),
  }),
  fc.record({ does: fc.constant('settle' as const), call: fc.nat(30), nanoUsd: fc.nat(900) }),
  fc.record({ does: fc.constant('release' as const), call: fc.nat(30) }),
  fc.record({
    does: fc.constant('correct' as const),
    member: fc.integer({ min: 1, max: 2 }),
    nanoUsd: fc.integer({ min: -50, max: 50 }),
  }),
);

describe('the reservation book', () => {
  it('holds exactly what is on its way, and has spent exactly what was settled, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const book = createReservationBook();
        const open = new Map<number, { keys: string[]; nanoUsd: number }>();
        const spent = new Map<string, number>();
        const spend = (keys: readonly string[], nanoUsd: number) => {
          book.spend(keys, nanoUsd);
          for (const key of keys) spent.set(key, (spent.get(key) ?? 0) + nanoUsd);
        };
        for (const one of steps) {
          if (one.does === 'reserve') {
            const mine = under(one.member);
            const before = new Map(mine.map(({ key }) => [key, book.sums(key)]));
            const again = open.get(one.call);
            const outcome = book.reserve(`call_${one.call}`, mine, one.nanoUsd);
            open.delete(one.call);
            if (outcome.kind === 'reserved')
              open.set(one.call, { keys: mine.map(({ key }) => key), nanoUsd: one.nanoUsd });
            for (const { key, limitNanoUsd } of outcome.kind === 'reserved' ? mine : []) {
              const { spentNanoUsd = 0, reservedNanoUsd = 0 } = before.get(key) ?? {};
              const held = reservedNanoUsd - (again?.keys.includes(key) ? again.nanoUsd : 0);
              // Let through only with room, or where nothing at all was taken.
              expect(spentNanoUsd + held <= 0 || spentNanoUsd + held + one.nanoUsd <= limitNanoUsd).toBe(true);
            }
          } else if (one.does === 'settle' && open.has(one.call)) {
            const { keys } = open.get(one.call) ?? { keys: [] };
            book.release(`call_${one.call}`);
            spend(keys, one.nanoUsd);
            open.delete(one.call);
          } else if (one.does === 'release') {
            book.release(`call_${one.call}`);
            open.delete(one.call);
          } else if (one.does === 'correct')
            spend(
              under(one.member).map(({ key }) => key),
              one.nanoUsd,
            );
          for (const { key } of accounts) {
            const held = [...open.values()].reduce(
              (sum, { keys, nanoUsd }) => sum + (keys.includes(key) ? nanoUsd : 0),
              0,
            );
            expect(book.sums(key)).toEqual({ spentNanoUsd: spent.get(key) ?? 0, reservedNanoUsd: held });
          }
          expect(book.size().reservations).toBe(open.size);
        }
        for (const call of open.keys()) book.release(`call_${call}`);
        for (const { key } of accounts) expect(book.sums(key).reservedNanoUsd).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('is passed by no more than the calls on their way cost beyond what was expected, and never again after', () => {
    const calls = fc.array(fc.record({ expected: fc.integer({ min: 1, max: 100 }), overrun: fc.nat(100) }), {
      minLength: 1,
      maxLength: 100,
    });
    fc.assert(
      fc.property(calls, fc.integer({ min: 200, max: 2_000 }), (list, limitNanoUsd) => {
        const book = createReservationBook();
        const account = { key: 'team//2026-11', limitNanoUsd };
        const through = list.filter(
          ({ expected }, index) => book.reserve(`call_${index}`, [account], expected).kind === 'reserved',
        );
        expect(book.sums(account.key).reservedNanoUsd).toBeLessThanOrEqual(limitNanoUsd);
        list.forEach((_call, index) => book.release(`call_${index}`));
        for (const { expected, overrun } of through) book.spend([account.key], expected + overrun);
        const { spentNanoUsd } = book.sums(account.key);
        expect(spentNanoUsd - limitNanoUsd).toBeLessThanOrEqual(through.reduce((sum, { overrun }) => sum + overrun, 0));
        if (spentNanoUsd >= limitNanoUsd) expect(book.reserve('call_after', [account], 0).kind).toBe('full');
      }),
    );
  });

  it('refuses nobody at nothing spent and nothing on its way, whatever the call is expected to cost', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (nanoUsd) => {
        const book = createReservationBook();
        expect(book.reserve('call_1', accounts, nanoUsd).kind).toBe('reserved');
        book.release('call_1');
        expect(book.reserve('call_2', accounts, nanoUsd).kind).toBe('reserved');
      }),
    );
  });

  it('has room to the last nano-dollar, and none at all once it is spent, for a call that costs nothing either', () => {
    const book = createReservationBook();
    const account = { key: 'team//2026-11', limitNanoUsd: 1_000 };
    const kinds = Array.from({ length: 12 }, (_, index) => book.reserve(`call_${index}`, [account], 100).kind);
    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(10);
    for (let index = 0; index < 12; index++) book.release(`call_${index}`);
    book.spend([account.key], 1_000);
    expect(book.reserve('call_after', [account], 0)).toMatchObject({ kind: 'full', isHeld: false });
  });

  it('reserves in all accounts or in none, and takes no amount that is not whole and positive', () => {
    const book = createReservationBook();
    book.spend(['member/a/2026-11-24'], 999);
    expect(book.reserve('call_1', under(1), 2)).toMatchObject({ kind: 'full', account: accounts[1], isHeld: false });
    expect(book.sums('team//2026-11').reservedNanoUsd).toBe(0);
    expect(() => book.reserve('call_2', accounts, -1)).toThrow(RangeError);
    expect(() => book.reserve('call_2', accounts, 0.5)).toThrow(RangeError);
  });

  it('remembers a bounded number of accounts, the least recently used going first', () => {
    const book = createReservationBook(100);
    for (let member = 0; member < 1_000; member++) book.spend([`member/${member}/2026-11-24`, 'team//2026-11'], 1);
    expect(book.size().accounts).toBe(100);
    expect(book.sums('team//2026-11').spentNanoUsd).toBe(1_000);
  });
});
