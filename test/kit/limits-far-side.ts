/** A simulated Anthropic and an engine with limits before it, and what a test of them asks again and again. */
import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import type { z } from 'zod';

import { liveSnapshotSchema, type LiveSnapshot } from '../../shared/contract/events.ts';
import type { limitsSettingsSchema } from '../../shared/contract/limits.ts';
import { limitsViewSchema, type LimitsView } from '../../shared/contract/limits-view.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { createShiftedClock, startTestEngine, type ShiftedClock, type TestEngine } from './test-engine.ts';

export type LimitedEngine = {
  readonly anthropic: SandboxAnthropic;
  readonly engine: TestEngine;
  readonly clock: ShiftedClock;
  /** What the host was told, in order. */
  readonly notices: readonly string[];
  readonly client: (path?: string, options?: { readonly maxRetries?: number }) => Anthropic;
  /** The picture, as soon as it has so many turns in all its conversations: it follows the ledger by a few milliseconds. */
  readonly live: (turns?: number) => Promise<LiveSnapshot>;
  readonly limits: () => Promise<LimitsView>;
  readonly close: () => Promise<void>;
};

export type LimitedEngineOptions = {
  readonly limits?: z.input<typeof limitsSettingsSchema>;
  /** Goes on with the ledger of an earlier one; the caller removes it. */
  readonly home?: string;
  readonly timeZone?: string;
  /** The time of day at the start, where a test needs another than now. */
  readonly nowMs?: number;
};

/** Both sides go by one clock, so that what is put ahead for one is for the other. */
export async function startLimitedEngine({
  limits = {},
  home,
  timeZone = 'UTC',
  nowMs,
}: LimitedEngineOptions = {}): Promise<LimitedEngine> {
  const clock = createShiftedClock();
  if (nowMs !== undefined) clock.putAhead(nowMs - clock.nowMs());
  const notices: string[] = [];
  const anthropic = await startSandboxAnthropic({ clock });
  const engine = await startTestEngine({
    upstream: anthropic.url,
    settings: { limits, timeZone },
    clock,
    onNotice: (sentence) => void notices.push(sentence),
    ...(home === undefined ? {} : { home }),
  });
  return {
    anthropic,
    engine,
    clock,
    notices,
    client: (path = '', { maxRetries = 0 } = {}) =>
      new Anthropic({ apiKey: 'sk-ant-test', baseURL: `${engine.proxyUrl}${path}`, maxRetries }),
    live: async (turns = 0) => {
      for (;;) {
        const snapshot = liveSnapshotSchema.parse(await (await engine.get('/api/live')).json());
        if (snapshot.conversations.reduce((sum, conversation) => sum + conversation.turns, 0) >= turns) return snapshot;
        await pause(10);
      }
    },
    limits: async () => limitsViewSchema.parse(await (await engine.get('/api/limits')).json()),
    close: async () => {
      await engine.close();
      await anthropic.close();
    },
  };
}

export const model = 'claude-opus-5-5';

/** About so many tokens, by the sandbox's count and by ours. */
export function textOf(tokens: number, seed = 'paper'): string {
  return `${seed} `.repeat(Math.ceil((tokens * 3.5) / (seed.length + 1)));
}

export function questionOf(text: string, more: object = {}) {
  return { model, max_tokens: 400, messages: [{ role: 'user' as const, content: text }], ...more };
}

/** What a call was refused with; fails the test when it went through. */
export async function refusalOf(call: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Anthropic.APIError) return error;
  throw new Error(`the call was not refused: ${String(error)}`);
}
