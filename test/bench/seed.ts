/**
 * A ledger of 1,000,000 calls, as a year of a busy team leaves it behind: written by the product's own recorder, so that every row, charge line,
 * rollup, key and share is real, and checked by `verify` before it is used. 12 members, 30 projects (6 of them billed to a customer), 6 models,
 * conversations of about 20 turns; a few calls failed, cut, corrected by a transcript, or of a model that has no price. Minutes are sealed and
 * their events accepted, as after a year beside Stripe.
 *
 * Kept in the cache under a name made of what it depends on (schema, this file, the month), so that a second bench is quick.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder, type Recorder } from '../../main/ledger/record.ts';
import { moveRollupsToZone } from '../../main/ledger/rollup.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import type { Db } from '../../main/system/db.ts';
import type { BegunCall } from '../../shared/call.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { settle } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';
import { cacheFolder, root } from './processes.ts';
import { grouped } from './statistics.ts';

export const seededCalls = 1_000_000;
/** The engine that opens it must keep its days in this zone, or it would find every day again at its start. */
export const seedTimeZone = 'UTC';

const days = 365;
const dayMs = 86_400_000;
const turnsPerConversation = 20;
const members = Array.from({ length: 12 }, (_, index) => `member-${String(index + 1).padStart(2, '0')}`);
const projects = Array.from({ length: 30 }, (_, index) => `project-${String(index + 1).padStart(2, '0')}`);
const billedProjects = 6;
const models = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-opus-4-8',
  'claude-sonnet-4-6',
  'claude-haiku-4-5-20251001',
];
const unpricedModel = 'claude-not-in-the-book';

/** The path of a whole, checkpointed ledger file; to be copied, never opened for writing. */
export function seededLedger(say: (line: string) => void): string {
  const file = join(cacheFolder, `ledger-${seedKey()}.sqlite`);
  if (existsSync(file)) return file;
  mkdirSync(cacheFolder, { recursive: true });
  for (const old of globSync(join(cacheFolder, 'ledger-*'))) rmSync(old);
  say(`making a ledger of ${grouped(seededCalls)} calls (kept for the next bench)`);
  write(`${file}.new`, say);
  renameSync(`${file}.new`, file);
  return file;
}

function seedKey(): string {
  const sources = globSync('main/ledger/migrations/*.ts', { cwd: root }).toSorted();
  const hash = createHash('sha256');
  for (const source of [...sources, 'test/bench/seed.ts']) hash.update(readFileSync(join(root, source)));
  return hash.update(new Date().toISOString().slice(0, 7)).digest('hex').slice(0, 16);
}

function write(file: string, say: (line: string) => void): void {
  const db = openLedgerFile(file, 'write');
  moveRollupsToZone(db, seedTimeZone);
  const plan = planSchema.parse({ kind: 'cost' });
  const recorder = createRecorder(db, {
    dayOf: createDayOf(seedTimeZone),
    plans: createPlansInForce(db, plan),
    book: () => currentBook,
  });
  const random = createRandom(20_261_124);
  const nowMs = Date.now();
  let made = 0;
  for (let day = days; day > 0; day--) {
    const due = Math.round((seededCalls * (days - day + 1)) / days) - made;
    const turns = turnsOfDay({ fromMs: nowMs - day * dayMs, toMs: nowMs - (day - 1) * dayMs, count: due, day }, random);
    db.transaction(() => {
      for (const turn of turns) recordTurn(recorder, turn, (made += 1), random);
      recorder.writeRollups();
    })();
    deliverShares(db, nowMs - (day - 1) * dayMs);
    if (day % 30 === 0) say(`  ${grouped(made)} calls written`);
  }
  const { findings } = verifyLedger(db);
  if (findings.length > 0) throw new Error(`the seeded ledger does not add up: ${findings[0]?.sentence}`);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  for (const ending of ['-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
}

/** Seals what has closed and says that Stripe has taken it. */
function deliverShares(db: Db, nowMs: number): void {
  while (sealClosedMinutes(db, { nowMs, onTheirWay: [] }) > 0);
  db.prepare(
    `UPDATE meter_events SET state = 'accepted', attempts = 1, first_sent_at_ms = ?, accepted_at_ms = ?, next_attempt_at_ms = NULL
      WHERE state IN ('sealed', 'sending', 'unknown')`,
  ).run(nowMs, nowMs);
}

type Turn = {
  readonly atMs: number;
  readonly conversation: string;
  readonly member: string;
  readonly project: number;
  readonly model: string;
  readonly turn: number;
};
type DayWish = { readonly fromMs: number; readonly toMs: number; readonly count: number; readonly day: number };

/** Conversations that begin anywhere in the day, their turns in order of time. */
function turnsOfDay({ fromMs, toMs, count, day }: DayWish, random: Random): Turn[] {
  const turns: Turn[] = [];
  while (turns.length < count) {
    const project = random.whole(projects.length);
    const common = {
      conversation: `prompt_${day.toString(16).padStart(4, '0')}${random.hex(16)}`,
      member: random.one(members),
      project,
      model: random.whole(500) === 0 ? unpricedModel : random.one(models),
    };
    let atMs = fromMs + random.whole(toMs - fromMs - 20 * 60_000);
    for (let turn = 0; turn < turnsPerConversation && turns.length < count; turn++) {
      turns.push({ ...common, atMs, turn });
      atMs += 5_000 + random.whole(40_000);
    }
  }
  return turns.toSorted((a, b) => a.atMs - b.atMs);
}

function recordTurn(recorder: Recorder, turn: Turn, number: number, random: Random): void {
  const begun = begunTurn(turn, number);
  const fate = random.whole(1_000);
  const isFailed = fate < 10;
  const isCut = !isFailed && fate < 20;
  const outputTokens = 20 + random.whole(1_500);
  const end = {
    startedAtMs: turn.atMs,
    endedAtMs: turn.atMs + 1_000 + outputTokens * 15,
    firstByteMs: 400 + random.whole(1_500),
    httpStatus: isFailed ? 529 : 200,
    requestId: `req_011C${random.hex(20)}`,
    responseBytes: 900 + outputTokens * 130,
    model: isFailed ? null : turn.model,
    messageId: isFailed ? null : `msg_01${random.hex(22)}`,
    stopReason: isFailed || isCut ? null : random.one(['end_turn', 'tool_use', 'tool_use']),
    errorType: isFailed ? 'overloaded_error' : isCut ? 'client_left' : null,
    usage: isFailed ? null : readUsage(usageOfTurn(turn, isCut ? 1 : outputTokens, random)),
    usageJson: null,
    isWhole: !isFailed && !isCut,
    outputTokensSoFar: isCut ? Math.round(outputTokens / 3) : 0,
    trouble: null,
  };
  const settled = settle(end, currentBook);
  recorder.settle(begun, { id: begun.id, ...settled });
  // A transcript knows how a third of the cut calls went on: a correction, a row of its own.
  if (!isCut || random.whole(3) > 0 || end.usage === null) return;
  const told = { ...end, isWhole: true, stopReason: 'end_turn', errorType: null };
  const whole = settle({ ...told, usage: { ...end.usage, outputTokens } }, currentBook);
  recorder.record({ ...begun, ...whole.outcome, id: `${begun.id}_t`, source: 'claude_code' }, whole.lines, []);
}

function begunTurn({ atMs, turn, ...who }: Turn, number: number): BegunCall {
  return {
    // As main/system/ids.ts makes them: they sort by time.
    id: `call_${atMs.toString(16).padStart(12, '0')}7000${number.toString(16).padStart(16, '0')}`,
    source: 'proxy',
    startedAtMs: atMs,
    path: '/v1/messages',
    client: 'claude-cli',
    clientUser: null,
    requestedModel: who.model,
    isStream: true,
    promptBytes: 40_000 + turn * 8_000,
    member: who.member,
    project: projects[who.project] ?? null,
    customer: who.project < billedProjects ? `cus_Seeded${who.project}` : null,
    conversation: who.conversation,
  };
}

/** An agent's turn: the conversation so far is read from the cache, the last turn is written to it. */
function usageOfTurn({ turn }: Turn, outputTokens: number, random: Random) {
  return {
    input_tokens: 4 + random.whole(40),
    cache_creation_input_tokens: 1_500 + random.whole(3_000),
    cache_read_input_tokens: turn * 2_500 + 12_000,
    output_tokens: outputTokens,
    service_tier: 'standard',
  };
}

type Random = {
  readonly whole: (below: number) => number;
  readonly one: <T>(of: readonly [T, ...T[]] | readonly T[]) => T;
  readonly hex: (digits: number) => string;
};

/** mulberry32: the same ledger each time. */
function createRandom(seed: number): Random {
  let state = seed;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const whole = (below: number) => Math.floor(next() * below);
  return {
    whole,
    one: (of) => {
      const chosen = of[whole(of.length)];
      if (chosen === undefined) throw new Error('there is nothing to choose from');
      return chosen;
    },
    hex: (digits) => {
      let text = '';
      while (text.length < digits) text += whole(0x10000).toString(16).padStart(4, '0');
      return text.slice(0, digits);
    },
  };
}
