/**
 * Questions to Stripe in one run of the readings: whether it can be reached is found out once, before the first of them, and the first reason why something
 * could not be read is kept.
 */
import type { Probe } from './probe.ts';
import type { Read } from './stripe-reader.ts';

export type Asking = {
  /** A new run: what was found out before is forgotten. */
  readonly begin: () => void;
  /** About one of many, whose refusal is its own and no failure of the run. */
  readonly askOne: <T>(question: () => Promise<Read<T>>) => Promise<Asked<T>>;
  /** The value, or null with the reason kept. */
  readonly ask: <T>(question: () => Promise<Read<T>>) => Promise<T | null>;
  readonly isReachable: () => Promise<boolean>;
  /** Stripe answered one of them with a failure. */
  readonly hasFailed: () => boolean;
  /** Why something could not be read; null when all could. */
  readonly trouble: () => string | null;
};

export type Asked<T> =
  | { readonly kind: 'read'; readonly value: T }
  /** Stripe answered, and refuses this question. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Nothing more can be asked now; the reason is kept. */
  | { readonly kind: 'stopped' };

const usedUpSentence =
  'The reads of Stripe that are kept for this are used up for now: minutes are sent as they close, and what waits for a reading waits until there are some again.';

export function createAsking(probe: Probe): Asking {
  let trouble: string | null = null;
  let hasFailed = false;
  let reachable: Promise<boolean> | null = null;
  const isReachable = () => (reachable ??= probe());

  function stopped(sentence: string): Asked<never> {
    trouble ??= sentence;
    return { kind: 'stopped' };
  }

  function failed(sentence: string): Asked<never> {
    hasFailed = true;
    return stopped(sentence);
  }

  async function askOne<T>(question: () => Promise<Read<T>>): Promise<Asked<T>> {
    if (!(await isReachable())) return stopped('Stripe cannot be reached, so it cannot be read.');
    const read = await question();
    switch (read.kind) {
      case 'read':
        return read;
      case 'no_budget':
        return stopped(usedUpSentence);
      case 'failed':
        return read.refuses === 'question' || read.refuses === 'bounds'
          ? { kind: 'refused', sentence: read.sentence }
          : failed(read.sentence);
    }
  }

  return {
    begin: () => {
      trouble = null;
      hasFailed = false;
      reachable = null;
    },
    askOne,
    ask: async (question) => {
      const asked = await askOne(question);
      if (asked.kind === 'refused') failed(asked.sentence);
      return asked.kind === 'read' ? asked.value : null;
    },
    isReachable,
    hasFailed: () => hasFailed,
    trouble: () => trouble,
  };
}
