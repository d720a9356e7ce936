/**
 * Every recorded Claude Code transcript through `import claude-code`: imported once, twice, and while being appended to at every line. What must come
 * out is worked out here from the documented rules (facts/anthropic.md section 8): one call a message id, the last state wins, `<synthetic>` is none.
 */
import { appendFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createIntake } from '../../main/intake/start.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { openLedger, type Ledger } from '../../main/ledger/open.ts';
import { exportCalls } from '../../main/ledger/read-export.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { systemClock } from '../../main/system/clock.ts';
import { systemIds } from '../../main/system/ids.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { settingsSchema } from '../../shared/contract/settings.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { dataOf } from '../../shared/pricing/price-book.ts';
import { expectedOf } from './documented-rules.ts';
import { absentReason, recordedFolder } from './recorded-traffic.ts';

const folder = join(recordedFolder, 'claude-code');
const files = globSync('*/*.jsonl', { cwd: folder }).toSorted();

type Line = { requestId?: string; isApiErrorMessage?: boolean; message: { id: string; model: string; usage: Usage } };
type Usage = { output_tokens: number };

/** By message id: what its last state says, priced by the rules written a second time. */
function expectedCalls(): Map<string, { output: number; costNano: bigint | null }> {
  const last = new Map<string, Line>();
  for (const file of files) {
    for (const text of linesOf(file)) {
      const line = JSON.parse(text) as Line;
      if (line.message.model === '<synthetic>' || line.isApiErrorMessage === true) continue;
      const known = last.get(line.message.id);
      // Six messages stand in two files (a resumed session copies its beginning): the fuller state is the later one.
      if (!known || line.message.usage.output_tokens >= known.message.usage.output_tokens)
        last.set(line.message.id, line);
    }
  }
  return new Map(
    [...last].map(([id, { message }]) => {
      const { output, costNano } = expectedOf(200, JSON.stringify(message), false);
      return [id, { output, costNano }];
    }),
  );
}

const linesOf = (file: string) =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

let home: string;
let ledger: Ledger;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-transcripts-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  const rules = { timeZone: 'UTC', plan: planSchema.parse({ kind: 'cost' }), book: dataOf(currentBook) };
  ledger = await openLedger({ file: join(home, ledgerFileName), rules, isDemo: false, clock: systemClock, onFatal });
});

afterEach(async () => {
  await ledger.close();
  rmSync(home, { recursive: true });
});

function importFrom(place: string) {
  const intake = createIntake({
    ledger,
    book: () => currentBook,
    callId: systemIds.callId,
    clock: systemClock,
    settings: settingsSchema.parse({ member: 'alice' }),
    callsPerChunk: 100,
    onChanges: () => {},
  });
  return intake.transcripts({ folder: place, configFolders: null, homeFolder: home });
}

function look() {
  const db = openLedgerFile(join(home, ledgerFileName), 'read');
  const rows = [...exportCalls(db, { from: null, to: null })];
  const verification = verifyLedger(db);
  db.close();
  return { rows, verification };
}

function expectAsDocumented(): void {
  const expected = expectedCalls();
  const { rows, verification } = look();
  expect(verification).toEqual({ calls: expected.size, findings: [] });
  const told = rows.map((row) => [
    row.message_id,
    { output: row.output_tokens, costNano: row.cost_nano_usd === null ? null : BigInt(row.cost_nano_usd) },
  ]);
  expect(new Map(told as [string, { output: number; costNano: bigint | null }][])).toEqual(expected);
}

describe('recorded transcripts', () => {
  it('are one call a message, at its last state, to the nano-dollar; a second import changes nothing', async ({
    skip,
  }) => {
    if (files.length === 0) skip(absentReason);
    const first = await importFrom(folder);
    expectAsDocumented();
    const again = await importFrom(folder);

    expect(first).toMatchObject({ files: files.length, brokenLines: 0 });
    expect(again).toMatchObject({ newFiles: 0, lines: 0, recorded: 0, corrected: 0 });
    expectAsDocumented();
  });

  it('would be over-counted 1.5 to 1.9 times if lines were summed', ({ skip }) => {
    if (files.length === 0) skip(absentReason);
    const lines = files.flatMap(linesOf).map((text) => JSON.parse(text) as Line);
    const summed = lines.reduce(
      (sum, line) => sum + Number(expectedOf(200, JSON.stringify(line.message), false).costNano ?? 0n),
      0,
    );
    const once = [...expectedCalls().values()].reduce((sum, { costNano }) => sum + Number(costNano ?? 0n), 0);
    expect(summed / once).toBeGreaterThan(1.5);
  });

  it(
    'come out the same when they are imported while they grow, cut in the middle of lines',
    { timeout: 60_000 },
    async ({ skip }) => {
      if (files.length === 0) skip(absentReason);
      const growing = join(home, 'claude', 'projects');
      const parts = 9;
      for (let part = 0; part < parts; part++) {
        for (const file of files) {
          const bytes = readFileSync(join(folder, file));
          const from = Math.floor((bytes.length * part) / parts);
          const to = Math.floor((bytes.length * (part + 1)) / parts);
          mkdirSync(dirname(join(growing, file)), { recursive: true });
          appendFileSync(join(growing, file), bytes.subarray(from, to));
        }
        await importFrom(join(home, 'claude'));
      }
      expectAsDocumented();
    },
  );

  it('read only what is new', async ({ skip }) => {
    const [file] = files;
    if (file === undefined) return skip(absentReason);
    const place = join(home, 'claude', 'projects', 'one');
    mkdirSync(place, { recursive: true });
    const [first = '', ...rest] = linesOf(file);
    appendFileSync(join(place, 'session.jsonl'), `${first}\n`);

    expect(await importFrom(join(home, 'claude'))).toMatchObject({ lines: 1 });
    appendFileSync(join(place, 'session.jsonl'), `${rest.join('\n')}\n`);
    expect(await importFrom(join(home, 'claude'))).toMatchObject({ lines: rest.length });
    expect(look().verification.findings).toEqual([]);
  });
});
