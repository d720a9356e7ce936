/** When the subscriptions of customers are read ahead of sending, and when that is left. */
import { expect, it } from 'vitest';

import { createSubscriptionReadings } from '../../../main/sync/subscription-readings.ts';
import { createDrivenClock } from '../../kit/driven-clock.ts';

const minuteMs = 60_000;

function stage({ answer }: { readonly answer: 'read' | 'failed' }) {
  const clock = createDrivenClock(Date.parse('2026-11-02T00:00:00Z'));
  const asked: string[] = [];
  const recorded: string[] = [];
  const readings = createSubscriptionReadings({
    store: {
      customersToRead: () => Promise.resolve(['cus_a', 'cus_b', 'cus_c']),
      recordSubscriptions: ({ customer }) => Promise.resolve(recorded.push(customer)),
    },
    reader: {
      periods: (customer) => {
        asked.push(customer);
        return Promise.resolve(
          answer === 'read'
            ? { kind: 'read', value: { periods: [] } }
            : { kind: 'failed', sentence: 'Stripe is in trouble.', refuses: 'nothing' },
        );
      },
    },
    probe: () => Promise.resolve(true),
    clock,
    onChange: () => {},
  });
  return { clock, asked, recorded, readings };
}

it('a close stops between two customers', async () => {
  const { asked, recorded, readings } = stage({ answer: 'read' });
  await readings.readAhead(() => recorded.length === 1);
  expect(asked).toEqual(['cus_a']);
  expect(recorded).toEqual(['cus_a']);
});

it('after a question that failed nothing is asked ahead for a quarter of an hour, and then of the others first', async () => {
  const { clock, asked, readings } = stage({ answer: 'failed' });
  const never = () => false;
  await readings.readAhead(never);
  clock.advance(14 * minuteMs);
  await readings.readAhead(never);
  expect(asked).toEqual(['cus_a']);
  clock.advance(2 * minuteMs);
  await readings.readAhead(never);
  expect(asked).toEqual(['cus_a', 'cus_b']);
});
