/**
 * A home folder with a ledger that has lived: two months of a small team's calls, some that nobody can price, some corrected before and after Stripe was
 * told, batches that wait. Written by the ledger's own recorder, so that everything adds up; for tests of what screens and commands make of it.
 */
import { join } from 'node:path';

import { noteBatch } from '../../main/ledger/batches.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { recordAnswers } from '../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../main/ledger/take-due.ts';
import { createRecorder, type Recorder } from '../../main/ledger/record.ts';
import { rerate, type RerateQuestion } from '../../main/ledger/rerate.ts';
import type { Db } from '../../main/system/db.ts';
import type { BegunCall } from '../../shared/call.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { createPriceBook, dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { settle, type CallEnd } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';
import { begunCall } from './call-rows.ts';

const hourMs = 3_600_000;

/** Noon in the middle of a month: whatever day it is, the last hours of the ledger lie in one month with the days before them. */
export const seededNowMs = Date.parse('2026-11-15T12:00:00Z');

export type SeededHome = {
  readonly home: string;
  readonly nowMs: number;
  /** Ordinary calls of this month; as many hours are they spread over as the month is old. */
  readonly calls: number;
  /** Leave out everything that needs to be looked at. */
  readonly isPlain?: boolean;
};

export const unknownModel = 'claude-opus-6';
/** Haiku at twice its price: what a corrected call was priced by. */
export const dearBook: PriceBook = createPriceBook({
  ...dataOf(currentBook),
  version: 'contract-2026-11',
  source: 'our contract',
  models: currentBook.models.map((model) =>
    model.id === 'claude-haiku-5-5'
      ? {
          ...model,
          periods: model.periods.map((period) => ({ ...period, standard: { ...period.standard, output: 9_000_000 } })),
        }
      : model,
  ),
});

type Told = { readonly model: string | null; readonly usage: object | null; readonly more?: Partial<CallEnd> };

export function seedHome({ home, nowMs, calls, isPlain = false }: SeededHome): void {
  const db = openLedgerFile(join(home, ledgerFileName), 'write');
  const plan = planSchema.parse({ kind: 'cost' });
  const recorder = createRecorder(db, {
    dayOf: createDayOf('UTC'),
    plans: createPlansInForce(db, plan),
    book: () => currentBook,
  });
  const write = (begun: BegunCall, told: Told) => recorder.settle(begun, settled(begun, told));
  db.transaction(() => {
    for (let index = 0; index < calls; index++)
      write(ordinary(index, calls, nowMs), { model: modelOf(index), usage: usageOf(index) });
    if (!isPlain) writeUnpriced(write, nowMs);
    recorder.writeRollups();
  })();
  if (!isPlain) {
    sendAll(db, nowMs);
    correct(db, recorder, nowMs);
    writeBatches(db, nowMs);
  }
  db.close();
}

const members = ['alice', 'bo', 'carla'];
const projects = ['webshop', 'ops', 'research', 'checkout', 'support', 'a-project-with-a-rather-long-name'];
const models = ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-5-5'];
const customers = ['cus_alpine', 'cus_borealis', null];

function modelOf(index: number): string {
  return models[index % models.length] ?? '';
}

function usageOf(index: number): object {
  const cached = (index * 7919) % 60_000;
  return {
    input_tokens: 200 + ((index * 104_729) % 4_000),
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: index % 4 === 0 ? 2_000 : 0,
    output_tokens: 20 + ((index * 15_485_863) % 900),
  };
}

/** From the month before up to a minute ago, so that there is a month to compare with. */
function ordinary(index: number, calls: number, nowMs: number): BegunCall {
  const spanMs = 40 * 24 * hourMs;
  return begunCall(`call_seed_${String(index).padStart(6, '0')}`, {
    startedAtMs: nowMs - 60_000 - Math.floor(((calls - 1 - index) / Math.max(1, calls - 1)) * spanMs),
    member: members[index % members.length] ?? null,
    project: projects[Math.floor(index / 2) % projects.length] ?? null,
    customer: customers[Math.floor(index / 3) % customers.length] ?? null,
    requestedModel: modelOf(index),
    client: 'claude-cli',
    conversation: `talk_${index % 8}`,
  });
}

function settled(begun: BegunCall, { model, usage, more = {} }: Told) {
  const end: CallEnd = {
    startedAtMs: begun.startedAtMs,
    endedAtMs: begun.startedAtMs + 2_400,
    firstByteMs: 310,
    httpStatus: 200,
    requestId: `req_${begun.id}`,
    responseBytes: 5_120,
    model,
    messageId: `msg_${begun.id}`,
    stopReason: 'end_turn',
    errorType: null,
    usage: usage === null ? null : readUsage(usage),
    usageJson: usage === null ? null : JSON.stringify(usage),
    isWhole: true,
    outputTokensSoFar: 0,
    trouble: null,
    ...more,
  };
  return { id: begun.id, ...settle(end, currentBook) };
}

type Write = (begun: BegunCall, told: Told) => unknown;
const usage = { input_tokens: 1_200, cache_read_input_tokens: 8_000, output_tokens: 340 };

function writeUnpriced(write: Write, nowMs: number): void {
  const at = (id: string, minutesAgo: number, more: Partial<BegunCall> = {}) =>
    begunCall(id, {
      startedAtMs: nowMs - minutesAgo * 60_000,
      conversation: 'talk_0',
      customer: 'cus_alpine',
      ...more,
    });
  for (let index = 0; index < 41; index++) {
    const begun = at(`call_new_model_${index}`, 2 + index * 9, {
      requestedModel: unknownModel,
      project: index % 3 ? 'research' : 'moonshot',
    });
    write(begun, { model: unknownModel, usage });
  }
  for (let index = 0; index < 5; index++)
    write(at(`call_priority_${index}`, 30 + index), {
      model: 'claude-opus-5-5',
      usage: { ...usage, service_tier: 'priority' },
    });
  write(at('call_new_class', 5), { model: 'claude-sonnet-5-5', usage: { ...usage, video_tokens: 12 } });
  const cut = {
    isWhole: false,
    errorType: 'client_left',
    trouble: 'The client left before Anthropic reported the usage.',
  };
  write(at('call_cut', 4), {
    model: null,
    usage: null,
    more: { ...cut, httpStatus: 200, messageId: null, stopReason: null },
  });
  const passes = [
    { type: 'compaction', input_tokens: 9_000, output_tokens: 200 },
    { type: 'message', input_tokens: 1_000, output_tokens: 300 },
  ];
  write(at('call_passes', 6), {
    model: 'claude-opus-5-5',
    usage: { input_tokens: 1_000, output_tokens: 300, inference_geo: 'us', iterations: passes },
  });
  write(at('call_first', 8), { model: 'claude-sonnet-5-5', usage, more: { messageId: 'msg_same' } });
  write(at('call_repeat', 7), { model: 'claude-sonnet-5-5', usage, more: { messageId: 'msg_same' } });
}

/** What is older than a quarter of an hour has reached Stripe, each within the 35 days that Stripe takes. */
function sendAll(db: Db, nowMs: number): void {
  const weekMs = 7 * 24 * hourMs;
  for (let weeksAgo = 10; weeksAgo >= 0; weeksAgo--) sendUntil(db, nowMs - weeksAgo * weekMs);
}

function sendUntil(db: Db, nowMs: number): void {
  sealClosedMinutes(db, { nowMs: nowMs - 20 * 60_000, onTheirWay: [] });
  for (;;) {
    const events = takeDueEvents(db, { nowMs, limit: 100 });
    if (events.length === 0) return;
    for (const { id } of events)
      recordAnswers(db, [
        {
          id,
          nowMs,
          state: 'accepted',
          nextAttemptAtMs: null,
          sentence: 'Accepted.',
          mayHaveArrived: true,
          rejectionCode: null,
        },
      ]);
  }
}

/** Two weeks of Haiku are priced again by another book; a transcript knows one call too. */
function correct(db: Db, recorder: Recorder, nowMs: number): void {
  const dayOf = createDayOf('UTC');
  const fromDay = dayOf(nowMs - 3 * 24 * hourMs);
  let afterSeq: number | null = 0;
  while (afterSeq !== null) {
    const question: RerateQuestion = { fromDay, toDay: '9999', afterSeq, isTrial: false };
    afterSeq = rerate(db, { recorder, book: dearBook }, question).lastSeq;
  }
  const insertSighting = db.prepare('INSERT INTO sightings VALUES (?, ?, ?)');
  insertSighting.run('call_passes', 'claude_code', nowMs);
}

function writeBatches(db: Db, nowMs: number): void {
  const submitter = {
    client: 'anthropic-sdk',
    member: 'bo',
    project: 'research',
    customer: null,
    expectedNanoUsd: 900_000_000,
  };
  const batch = (id: string, status: string, hoursAgo: number, requests: number) =>
    noteBatch(db, {
      id,
      status,
      requests,
      billableRequests: requests,
      createdAtMs: nowMs - hoursAgo * hourMs,
      endedAtMs: null,
      submitter,
    });
  batch('msgbatch_013Zva2CMHLNnXjNJJKqJ2EF', 'ended', 30, 1_200);
  batch('msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d', 'in_progress', 2, 84);
}
