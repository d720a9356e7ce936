/**
 * Transcripts read in several runs, over a real ledger: whatever was read when, what stands there in the end is what one run over the last state of the
 * files would have made.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createIntake } from '../../main/intake/start.ts';
import { ledgerFileName } from '../../main/ledger/ledger-file.ts';
import { openLedgerHere } from '../../main/ledger/open-here.ts';
import { systemClock } from '../../main/system/clock.ts';
import { systemIds } from '../../main/system/ids.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { settingsSchema } from '../../shared/contract/settings.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { dataOf } from '../../shared/pricing/price-book.ts';

const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 5, output_tokens: 3 };
const line = (more: object = {}, message: object = {}) =>
  `${JSON.stringify({
    timestamp: '2026-11-20T10:00:00.000Z',
    sessionId: 'session-1',
    requestId: 'req_1',
    type: 'assistant',
    uuid: 'line-1',
    cwd: '/home/dev/webshop',
    message: {
      id: 'msg_1',
      model: 'claude-opus-5',
      stop_reason: null,
      type: 'message',
      usage,
      content: [],
      ...message,
    },
    ...more,
  })}\n`;
const withOutput = (output: number, stop: string | null = null) =>
  line({}, { usage: { ...usage, output_tokens: output }, stop_reason: stop });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollkeeper-runs-'));
  mkdirSync(join(folder, 'claude', 'projects', 'webshop'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const transcript = (name = 'session.jsonl') => join(folder, 'claude', 'projects', 'webshop', name);

/** A command's way: opens the ledger, imports, closes it. */
async function importOnce(home: string, callsPerChunk = 2) {
  mkdirSync(join(folder, home), { recursive: true });
  const rules = { timeZone: 'UTC', plan: planSchema.parse({ kind: 'cost' }), book: dataOf(currentBook) };
  const file = join(folder, home, ledgerFileName);
  const ledger = openLedgerHere({ file, rules, clock: systemClock, purpose: 'import', onNotice: () => {} });
  const intake = createIntake({
    ledger,
    book: () => currentBook,
    callId: systemIds.callId,
    clock: systemClock,
    settings: settingsSchema.parse({}),
    callsPerChunk,
    onChanges: () => {},
  });
  const places = { folder: join(folder, 'claude'), configFolders: null, homeFolder: folder };
  const result = await intake.transcripts(places);
  const { calls } = await ledger.read('calls', { limit: 100 });
  const { findings } = await ledger.read('verify', null);
  ledger.close();
  expect(findings).toEqual([]);
  return { result, calls: calls.map(({ id: _id, ...call }) => call) };
}

describe('transcripts that are read in several runs', () => {
  it.each([
    ['a later line tells more', withOutput(1), withOutput(80, 'end_turn')],
    ['a later line tells less, and why it stopped', withOutput(80), withOutput(2, 'end_turn')],
    ['a later line tells less', withOutput(80, 'end_turn'), withOutput(2)],
    ['a later line is under another request', withOutput(80), line({ requestId: 'req_2' })],
    [
      'a line without an id of its message comes again',
      line({}, { id: undefined }),
      line({ uuid: 'line-2' }, { id: undefined }),
    ],
  ])('come out as in one run where %s', async (_what, first, second) => {
    writeFileSync(transcript(), first);
    await importOnce('several');
    appendFileSync(transcript(), second);
    const several = await importOnce('several');
    const one = await importOnce('one');
    expect(several.calls).toHaveLength(1);
    expect(several.calls).toEqual(one.calls);
    expect(several.result).toMatchObject({ newFiles: 1, lines: 1 });
  });

  it('are read again from the start where a file was cut, and counted once', async () => {
    writeFileSync(transcript(), withOutput(1) + line({ requestId: 'req_2', uuid: 'line-2' }, { id: 'msg_2' }));
    expect((await importOnce('home')).result).toMatchObject({ recorded: 2 });
    writeFileSync(transcript(), line({}, { id: 'msg_3' }));
    expect((await importOnce('home')).result).toMatchObject({ recorded: 1, lines: 1 });
    expect((await importOnce('home')).calls).toHaveLength(3);
  });

  it('tell of files that cannot be read, and read the rest', async () => {
    mkdirSync(transcript('folder.jsonl'));
    writeFileSync(transcript(), withOutput(1));
    expect((await importOnce('home')).result).toMatchObject({ files: 2, unreadableFiles: 1, recorded: 1 });
  });

  it('keep every call of a file that is longer than a chunk, and read it once', async () => {
    const lines = Array.from({ length: 7 }, (_, index) => line({ requestId: `req_${index}` }, { id: `msg_${index}` }));
    writeFileSync(transcript(), lines.join(''));
    expect((await importOnce('home', 3)).result).toMatchObject({ recorded: 7, newFiles: 1 });
    expect((await importOnce('home', 3)).result).toMatchObject({ recorded: 0, lines: 0, newFiles: 0 });
  });
});
