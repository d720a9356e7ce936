/** A quit says how many meter events wait and what they are worth: `serve` on its last line, the desktop app in a notification. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder } from '../../main/ledger/record.ts';
import { moveRollupsToZone } from '../../main/ledger/rollup.ts';
import { sayLastWords } from '../../main/shell/last-words.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { quitSentence } from '../../shared/quit-words.ts';
import { begunCall, settledCall } from '../kit/call-rows.ts';
import { startDesktop } from '../kit/desktop.ts';
import { startEngineProcess } from '../kit/engine-process.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-quit-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Two minutes of calls that were sealed and never sent. */
function leaveWaiting(): void {
  const db = openLedgerFile(join(home, ledgerFileName), 'write');
  moveRollupsToZone(db, 'UTC');
  const plan = planSchema.parse({ kind: 'cost' });
  const recorder = createRecorder(db, {
    dayOf: createDayOf('UTC'),
    plans: createPlansInForce(db, plan),
    book: () => currentBook,
  });
  db.transaction(() => {
    for (const minutes of [60, 90]) {
      const begun = begunCall(`call_${minutes}`, { startedAtMs: Date.now() - minutes * 60_000 });
      recorder.settle(begun, settledCall(begun, { input_tokens: 1_000_000, output_tokens: 10 }));
    }
    recorder.writeRollups();
  })();
  sealClosedMinutes(db, { nowMs: Date.now(), onTheirWay: [] });
  db.close();
}

const env = { STRIPE_API_KEY: '', TOLLKEEPER_TIME_ZONE: 'UTC' };
const sentence = '2 meter events, worth $4.00, wait for Stripe. They are kept and sent at the next start.';

describe('a quit', () => {
  it('of serve says what waits, and nothing when nothing does', async () => {
    const quiet = await startEngineProcess({ home, upstream: 'http://127.0.0.1:9', env });
    expect(await quiet.stop()).toBe(0);
    expect(quiet.stderr()).toBe('');

    leaveWaiting();
    const engine = await startEngineProcess({ home, upstream: 'http://127.0.0.1:9', env });
    expect(await engine.stop()).toBe(0);
    expect(engine.stderr().trim()).toBe(sentence);
  });

  it('of the desktop app hears it from the engine’s process, and shows it once the engine is closed', async () => {
    leaveWaiting();
    const desktop = await startDesktop({ home, upstream: 'http://127.0.0.1:9', env: { ...process.env, ...env } });
    await desktop.ready();
    const waiting = await desktop.engine.close();
    expect(waiting).toEqual({ waitingEvents: 2, waitingNanoUsd: 4_000_200_000 });

    const shown: string[] = [];
    class Notice {
      static isSupported = () => true;
      readonly words: { readonly title: string; readonly body: string };
      constructor(words: { readonly title: string; readonly body: string }) {
        this.words = words;
      }
      on(): void {}
      show(): void {
        shown.push(`${this.words.title}: ${this.words.body}`);
      }
    }
    sayLastWords(Notice, waiting);
    sayLastWords(Notice, { waitingEvents: 0, waitingNanoUsd: 0 });
    sayLastWords(Notice, null);
    expect(shown).toEqual([`Tollkeeper has quit: ${sentence}`]);
  });

  it('says it in the singular, and nothing of nothing', () => {
    expect(quitSentence({ waitingEvents: 0, waitingNanoUsd: 0 })).toBeNull();
    expect(quitSentence({ waitingEvents: 1, waitingNanoUsd: 120_000_000 })).toBe(
      '1 meter event, worth $0.12, waits for Stripe. It is kept and sent at the next start.',
    );
  });
});
