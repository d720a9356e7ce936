/**
 * Warns once before something leaves Stripe's window of 35 days, or the invoice of its period: while Stripe cannot be reached, refuses the key, or there
 * is none. What the screen and `sync status` show stands in the view; this is for whoever looks at neither.
 */
import type { LeavingWarning, StripeView } from '../../shared/contract/api.ts';
import { closingSentence, leavingSentence } from '../../shared/leaving-words.ts';
import type { DayOf } from '../../shared/period.ts';
import type { Clock } from '../system/clock.ts';
import type { Ledger } from '../ledger/open.ts';
import type { SyncState } from './agent-status.ts';

export type LeavingNow = Pick<StripeView, 'leaving' | 'closing'>;

export type LeavingWatchOptions = {
  readonly read: (nowMs: number) => Promise<LeavingNow>;
  /** Gives back those that had not been told. */
  readonly keep: (warnings: readonly LeavingWarning[]) => Promise<readonly LeavingWarning[]>;
  readonly state: () => SyncState;
  readonly dayOf: DayOf;
  readonly clock: Clock;
  /** One sentence, for the notification channel of the host. */
  readonly onNotice: (sentence: string) => void;
};

export type LeavingWatch = {
  /** Looks, at most once a minute. */
  readonly look: () => Promise<void>;
  /** The newest, of the last two days. */
  readonly warnings: () => readonly LeavingWarning[];
};

const lookEveryMs = 60_000;
const shownMax = 10;
const shownForMs = 48 * 3_600_000;

export function createLeavingWatch(options: LeavingWatchOptions, told: readonly LeavingWarning[]): LeavingWatch {
  const { clock, dayOf, state } = options;
  let warnings = told;
  let nextLookMs = -Infinity;

  return {
    warnings: () => warnings.filter(({ atMs }) => atMs >= clock.nowMs() - shownForMs),
    look: async () => {
      if (state() === 'ok' || clock.monotonicMs() < nextLookMs) return;
      nextLookMs = clock.monotonicMs() + lookEveryMs;
      const now = await options.read(clock.nowMs());
      const fresh = await options.keep(warningsOf(now, { isOffline: state() === 'offline', dayOf }, clock.nowMs()));
      for (const { sentence } of fresh) options.onNotice(sentence);
      warnings = [...fresh, ...warnings].slice(0, shownMax);
    },
  };
}

export type WatchOptions = Omit<LeavingWatchOptions, 'read' | 'keep'> & {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly onTrouble: (error: unknown) => void;
};

/** The watch itself looks once a minute; a state that changes is noticed soon. */
const watchEveryMs = 5_000;

/** Over the ledger, with what it has told before, until it is closed. */
export async function startLeavingWatch({ ledger, onTrouble, ...options }: WatchOptions) {
  const { clock } = options;
  const told = await ledger.read('leavingWarnings', clock.nowMs());
  const watch = createLeavingWatch(
    {
      ...options,
      read: (nowMs) => ledger.read('leaving', nowMs),
      keep: (warnings) => ledger.write('keepLeavingWarnings', warnings),
    },
    told,
  );
  let isClosed = false;
  let timer = clock.after(watchEveryMs, look);
  function look(): void {
    void watch
      .look()
      .catch(onTrouble)
      .finally(() => {
        if (!isClosed) timer = clock.after(watchEveryMs, look);
      });
  }
  return {
    warnings: watch.warnings,
    close: () => {
      isClosed = true;
      timer.cancel();
    },
  };
}

type Words = { readonly isOffline: boolean; readonly dayOf: DayOf };

/** One a day on which something leaves: a sum that grows meanwhile is no news. */
export function warningsOf({ leaving, closing }: LeavingNow, words: Words, atMs: number): LeavingWarning[] {
  const each = [
    { what: 'window', of: leaving, sentence: leavingSentence(leaving, words) },
    { what: 'invoice', of: closing, sentence: closingSentence(closing, words) },
  ];
  return each.flatMap(({ what, of, sentence }) =>
    sentence === null || of.atMs === null ? [] : [{ key: `${what} ${words.dayOf(of.atMs)}`, atMs, sentence }],
  );
}
