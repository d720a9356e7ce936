/**
 * Questions to Stripe in one run of the readings: whether it can be reached is found out once, before the first of them, and the first reason why something
 * could not be read is kept.
 */
import type { Probe } from './probe.ts';
import type { Read } from './stripe-reader.ts';

export type Asking = {
  /** A new run: what was found out before is forgotten. */
  readonly begin: () => void;
  /** The value, or null with the reason kept. */
  readonly ask: <T>(question: () => Promise<Read<T>>) => Promise<T | null>;
  readonly isReachable: () => Promise<boolean>;
  /** Stripe answered one of them with a failure. */
  readonly hasFailed: () => boolean;
  /** Why something could not be read; null when all could. */
  readonly trouble: () => string | null;
};

const usedUpSentence =
  'The reads that Stripe allows in a month are used up; sending goes on, and readings when there are some again.';

export function createAsking(probe: Probe): Asking {
  let trouble: string | null = null;
  let hasFailed = false;
  let reachable: Promise<boolean> | null = null;
  const isReachable = () => (reachable ??= probe());

  function noValue(sentence: string): null {
    trouble ??= sentence;
    return null;
  }

  return {
    begin: () => {
      trouble = null;
      hasFailed = false;
      reachable = null;
    },
    ask: async (question) => {
      if (!(await isReachable())) return noValue('Stripe cannot be reached, so it cannot be read.');
      const read = await question();
      switch (read.kind) {
        case 'read':
          return read.value;
        case 'no_budget':
          return noValue(usedUpSentence);
        case 'failed':
          hasFailed = true;
          return noValue(read.sentence);
      }
    },
    isReachable,
    hasFailed: () => hasFailed,
    trouble: () => trouble,
  };
}
