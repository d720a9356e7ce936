/**
 * `tollkeeper allow <conversation> --for 1h|good` lets a conversation on past its limits, `--revoke` takes that back. Goes through the running engine, for
 * which it holds at once; where none runs it is written into the ledger, and the next engine goes by it.
 */
import { callsPageSchema, callsQuerySchema } from '../../shared/contract/api.ts';
import { allowSchema, letOnAnswerSchema, type LetOnAnswer } from '../../shared/contract/limits-view.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { createDayOf } from '../../shared/period.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerHereAlone } from './ledger-alone.ts';
import { homeOf } from './ledger-reader.ts';

export type AllowFlags = {
  readonly for?: string;
  readonly revoke?: boolean;
  readonly home?: string;
  readonly json?: boolean;
};

/** What is asked: let on for so long (`forMs` null is for good), or no more. */
type Wish = { readonly kind: 'allow'; readonly forMs: number | null } | { readonly kind: 'revoke' };

type Done = { readonly answer: LetOnAnswer; readonly isKnown: boolean };

export async function allow(conversation: string, flags: AllowFlags, host: Host): Promise<ExitCode> {
  const wish = wishOf(flags);
  const engine = connectEngine(homeOf(flags.home, host));
  const { answer, isKnown } = engine
    ? await throughEngine(engine, conversation, wish)
    : await alone(conversation, wish, flags, host);
  writeLine(host.stdout, flags.json ? JSON.stringify(answer) : sentenceOf(answer));
  if (!isKnown) writeLine(host.stderr, 'No call of this conversation is in the ledger; see that its name is whole.');
  return 0;
}

function wishOf({ for: duration, revoke }: AllowFlags): Wish {
  if (revoke && duration !== undefined)
    throw new AppError('bad_usage', 'Both --for and --revoke are given.', 'Give one of them.');
  return revoke ? { kind: 'revoke' } : { kind: 'allow', forMs: millisecondsOf(duration ?? '1h') };
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Null for good. @throws AppError `bad_usage`. */
export function millisecondsOf(duration: string): number | null {
  if (duration === 'good') return null;
  const [, digits = '', unit] = /^(\d{1,4})([mhd])$/.exec(duration) ?? [];
  const forMs = Number(digits) * (unit === 'm' || unit === 'h' || unit === 'd' ? unitMs[unit] : 0);
  if (allowSchema.safeParse({ forMs }).success) return forMs;
  throw new AppError(
    'bad_usage',
    `"${duration}" is no time to let a conversation on for.`,
    'Give one such as 30m, 1h or 2d (a year at most), or "good".',
  );
}

async function throughEngine(engine: EngineClient, conversation: string, wish: Wish): Promise<Done> {
  const path = `/api/conversations/${encodeURIComponent(conversation)}`;
  const told =
    wish.kind === 'allow'
      ? await engine.ask('POST', `${path}/allow`, { forMs: wish.forMs })
      : await engine.ask('POST', `${path}/revoke`, {});
  const found = await engine.ask('GET', `/api/calls?limit=1&conversation=${encodeURIComponent(conversation)}`);
  return { answer: letOnAnswerSchema.parse(told), isKnown: callsPageSchema.parse(found).calls.length > 0 };
}

/** What the engine keeps between starts (main/limits/engine-limits.ts); all but this is left as it is. */
type Memory = { readonly letOn?: Readonly<Record<string, number | null>> };

async function alone(conversation: string, wish: Wish, flags: AllowFlags, host: Host): Promise<Done> {
  const { ledger, timeZone } = await openLedgerHereAlone(homeOf(flags.home, host), host, 'allow');
  try {
    const nowMs = host.clock.nowMs();
    const start = await ledger.read('limitsStart', { today: createDayOf(timeZone)(nowMs), nowMs });
    const memory = JSON.parse(start.memory ?? '{}') as Memory;
    const { [conversation]: _before, ...others } = memory.letOn ?? {};
    const untilMs = wish.kind === 'revoke' || wish.forMs === null ? null : nowMs + wish.forMs;
    const letOn = wish.kind === 'revoke' ? others : { ...others, [conversation]: untilMs };
    if (!(await ledger.write('keepLimits', JSON.stringify({ ...memory, letOn }))))
      throw new AppError(
        'ledger_unreadable',
        'The ledger could not be written.',
        'Make room on its disk and try again.',
      );
    const { calls } = await ledger.read('calls', callsQuerySchema.parse({ conversation, limit: 1 }));
    const answer = { conversation, letOn: wish.kind === 'revoke' ? null : { untilMs } };
    return { answer, isKnown: calls.length > 0 };
  } finally {
    ledger.close();
  }
}

function sentenceOf({ conversation, letOn }: LetOnAnswer): string {
  if (letOn === null) return `${conversation} is held to its limits.`;
  if (letOn.untilMs === null) return `${conversation} is let on past its limits for good; --revoke takes that back.`;
  const until = new Date(letOn.untilMs).toISOString().slice(0, 16).replace('T', ' ');
  return `${conversation} is let on past its limits until ${until} UTC; what it spends is counted.`;
}
