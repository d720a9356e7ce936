/** A ledger of every earlier version is brought to this one with everything it held, after a backup. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BegunCall, ChargeLine } from '../../../shared/call.ts';
import { planSchema } from '../../../shared/contract/plan.ts';
import { createDayOf } from '../../../shared/period.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { createPlansInForce } from '../../../main/ledger/plans-in-force.ts';
import { createRecorder } from '../../../main/ledger/record.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { ledgerFileName, openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { listBackups } from '../../../main/ledger/backups.ts';
import { migrations, schemaVersion } from '../../../main/ledger/migrate.ts';
import { migration0001 } from '../../../main/ledger/migrations/0001-calls.ts';
import { prepareReadCall } from '../../../main/ledger/call-row.ts';
import { readParents } from '../../../main/ledger/conversation-parents.ts';
import { interruptedReason } from '../../../main/ledger/recover.ts';
import { readCall } from '../../../main/ledger/read-calls.ts';
import { moveRollupsToZone, rollupsFromCalls } from '../../../main/ledger/rollup.ts';
import { verifyLedger } from '../../../main/ledger/verify.ts';
import { openDatabase } from '../../../main/system/db.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-migrate-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Two calls as version 1 wrote them: one in a delivered meter event, one cut and unpriced. */
function writeVersion1(file: string): void {
  const db = openDatabase(file, 'write');
  db.exec(migration0001);
  db.exec(`
    INSERT INTO calls (id, source, status, is_estimated, started_at_ms, ended_at_ms, day, path, is_stream, member, customer, model, message_id,
        input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, thinking_tokens, web_search_requests,
        pass_count, prompt_bytes, response_bytes, cost_nano_usd, price_book, unpriced_reason)
      VALUES ('call_1', 'proxy', 'complete', 0, 60000, 61000, '1970-01-01', '/v1/messages', 1, 'alice', 'cus_a', 'claude-sonnet-5-5', 'msg_1',
        100, 0, 0, 0, 10, 0, 0, 1, 5, 5, 300000, 'b', NULL),
        ('call_2', 'proxy', 'partial', 1, 62000, 63000, '1970-01-01', '/v1/messages', 1, NULL, NULL, NULL, NULL,
        0, 0, 0, 0, 0, 0, 0, 0, 5, 0, NULL, NULL, 'cut');
    INSERT INTO charge_lines VALUES (1, 1, 'claude-sonnet-5-5', 'input', 100, 2000000, 200000000, 'standard'),
                                    (1, 2, 'claude-sonnet-5-5', 'output', 10, 10000000, 100000000, 'standard');
    INSERT INTO meter_events (id, customer, meter, minute_ms, revision, value, calls, carried_in_nano, carried_out_nano, state, attempts, sealed_at_ms)
      VALUES ('tk1:x', 'cus_a', 'm', 60000, 1, 300, 1, 0, 0, 'accepted', 1, 130000);
    INSERT INTO outbox_shares VALUES (1, 'cus_a', 'm', 60000, 300000, 'tk1:x');
    INSERT INTO remainders VALUES ('cus_a', 'm', 0);
    INSERT INTO ledger_facts VALUES ('time_zone', 'UTC'), ('is_demo', 'false');
    PRAGMA user_version = 1;`);
  // Version 1 summed over all calls; there were no corrections.
  db.exec(`INSERT INTO rollups ${rollupsFromCalls.replace('current_calls', 'calls')}`);
  db.close();
}

describe('a ledger of version 1', () => {
  it('keeps its calls, their charge lines, its sums and what was sent', () => {
    const file = join(home, ledgerFileName);
    writeVersion1(file);
    const db = openLedgerFile(file, 'write');

    expect(verifyLedger(db)).toEqual({ calls: 2, findings: [] });
    expect(readCall(db, 'call_1')).toMatchObject({
      costNanoUsd: 300_000,
      lines: [
        { tokenClass: 'input', quantity: 100, amountPicoUsd: 200_000_000 },
        { tokenClass: 'output', quantity: 10, amountPicoUsd: 100_000_000 },
      ],
      meterEvents: [{ id: 'tk1:x', state: 'accepted' }],
      correctionReason: null,
    });
    expect(readCall(db, 'call_2')).toMatchObject({ unpricedReason: 'cut', lines: [] });
    expect(db.prepare('SELECT * FROM call_keys').all()).toEqual([{ key: 'msg_1', call_id: 'call_1' }]);
    expect(db.prepare('SELECT COUNT(*) AS count FROM charge_lines').get()).toEqual({ count: 2 });
    db.close();
  });

  it('is brought up once: opening it again changes nothing', () => {
    const file = join(home, ledgerFileName);
    writeVersion1(file);
    openLedgerFile(file, 'write').close();
    const db = openLedgerFile(file, 'write');
    expect(db.pragma('user_version', { simple: true })).toBe(schemaVersion);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    db.close();
    expect(listBackups(file)).toHaveLength(1);
  });
});

/** What later versions hold of the same calls is what their migrations made of them; what each has of its own is tested by itself. */
function writeVersion(file: string, version: number): void {
  writeVersion1(file);
  const db = openDatabase(file, 'write');
  db.pragma('foreign_keys = OFF');
  for (const sql of migrations.slice(1, version)) db.exec(sql);
  db.pragma(`user_version = ${version}`);
  db.close();
}

describe('a ledger of version 2', () => {
  it('that was killed has its calls in flight settled as partial and unpriced, on the day of the ledger’s zone', () => {
    const file = join(home, ledgerFileName);
    writeVersion(file, 2);
    const old = openDatabase(file, 'write');
    old.exec(`
      UPDATE ledger_facts SET value = 'Asia/Kolkata' WHERE name = 'time_zone';
      INSERT INTO in_flight VALUES ('call_3', 'proxy', ${Date.parse('2026-11-24T20:00:00Z')}, '/v1/messages', 'claude-cli', 'claude-sonnet-5-5', 1, 900,
        'alice', 'webshop', NULL, NULL)`);
    old.close();
    const db = openLedgerFile(file, 'write');
    moveRollupsToZone(db, 'Asia/Kolkata');

    expect(readCall(db, 'call_3')).toMatchObject({
      status: 'partial',
      isEstimated: true,
      costNanoUsd: null,
      unpricedReason: interruptedReason,
      member: 'alice',
      promptBytes: 900,
    });
    expect(db.prepare("SELECT day FROM calls WHERE id = 'call_3'").pluck().get()).toBe('2026-11-25');
    expect(verifyLedger(db)).toEqual({ calls: 3, findings: [] });
    db.close();
  });
});

describe('a ledger of version 4', () => {
  it('has calls whose client named no user, and takes those of its journal, which lack the field', () => {
    const file = join(home, ledgerFileName);
    writeVersion(file, 4);
    const db = openLedgerFile(file, 'write');
    expect(readCall(db, 'call_1')).toMatchObject({ clientUser: null, member: 'alice' });
    const recorder = createRecorder(db, {
      dayOf: createDayOf('UTC'),
      plans: createPlansInForce(db, planSchema.parse({ kind: 'cost' })),
      book: () => currentBook,
    });
    const { clientUser: _later, ...begun } = begunCall('call_3');
    db.transaction(() => {
      recorder.settle(begun as BegunCall, settledCall(begunCall('call_3')));
      expect(recorder.settle(begun as BegunCall, settledCall(begunCall('call_3'))).kind).toBe('unchanged');
      recorder.writeRollups();
    })();
    expect(readCall(db, 'call_3')).toMatchObject({ clientUser: null, earlier: [] });
    expect(verifyLedger(db)).toEqual({ calls: 3, findings: [] });
    db.close();
  });
});

describe('a ledger of version 6', () => {
  it('has the parents of conversations that its engine kept at its end, and none where that cannot be read', () => {
    const kept = { letOn: {}, parents: { fork: 'root', 's1/a1': 's1' } };
    for (const [index, memory] of [JSON.stringify(kept), '{"parents":', '{"parents":[1]}'].entries()) {
      const file = join(home, `${index}.sqlite`);
      writeVersion(file, 6);
      const old = openDatabase(file, 'write');
      old.prepare("INSERT INTO ledger_facts VALUES ('limits_memory', ?)").run(memory);
      old.exec("UPDATE calls SET conversation = 's1/a1' WHERE id = 'call_1'");
      old.close();
      const db = openLedgerFile(file, 'write');
      const parents =
        index > 0 ? [] : Object.entries(kept.parents).map(([conversation, parent]) => ({ conversation, parent }));
      expect(readParents(db, 10)).toEqual(parents);
      expect(readCall(db, 'call_1')).toMatchObject({ conversationParent: index > 0 ? null : 's1' });
      expect(readCall(db, 'call_2')).toMatchObject({ conversationParent: null });
      db.close();
    }
  });
});

describe('a ledger of version 7', () => {
  it('keeps its meter events in every state, each under its identifier, and their calls', () => {
    const file = join(home, ledgerFileName);
    writeVersion(file, 7);
    const old = openDatabase(file, 'write');
    const states = ['sealed', 'sending', 'unknown', 'rejected'];
    for (const [index, state] of states.entries())
      old
        .prepare(`INSERT INTO meter_events VALUES (?, 'cus_b', 'm', ?, 1, 0, 0, 0, 0, ?, 1, 5, 6, 7, NULL, 'said')`)
        .run(`tk1:${state}`, index * 60_000, state);
    old.close();
    const db = openLedgerFile(file, 'write');

    expect(
      db
        .prepare(
          `SELECT id = identifier AS same, state, last_sent_at_ms, rejection_code FROM meter_events WHERE customer = 'cus_b' ORDER BY minute_ms`,
        )
        .all(),
    ).toEqual(
      states.map((state) => ({
        same: 1,
        state,
        last_sent_at_ms: 6,
        rejection_code: state === 'rejected' ? 'other' : null,
      })),
    );
    expect(readCall(db, 'call_1')?.meterEvents).toEqual([{ id: 'tk1:x', state: 'accepted' }]);
    expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    expect(() => db.exec(`DELETE FROM meter_events WHERE id = 'tk1:x'`)).toThrow('FOREIGN KEY');
    expect(verifyLedger(db)).toEqual({ calls: 2, findings: [] });
    db.close();
  });
});

describe('a ledger of version 8', () => {
  it('keeps what it counted as money on the meters of then, whatever plan the settings name now', () => {
    const file = join(home, ledgerFileName);
    writeVersion(file, 8);
    const old = openDatabase(file, 'write');
    old.exec(`
      INSERT INTO billing_differences VALUES ('call_9', 'cus_z', 'm', 60000, 'tk1:x', 5000, 7000);
      INSERT INTO carry_forwards (customer, at_ms, value, calls, sentence) VALUES ('cus_z', 1, 38, 2, 'said');
      UPDATE meter_events SET first_sent_at_ms = 130000`);
    old.close();
    const db = openLedgerFile(file, 'write');

    expect(db.prepare('SELECT * FROM outbox_shares').all()).toEqual([
      {
        call_seq: 1,
        customer: 'cus_a',
        meter: 'm',
        minute_ms: 60_000,
        amount_thousandths: 300_000,
        worth_nano_usd: 300_000,
        plan: null,
        event_id: 'tk1:x',
      },
    ]);
    expect(db.prepare('SELECT unit, value, worth_nano_usd FROM meter_events').get()).toEqual({
      unit: 'micro_usd',
      value: 300,
      worth_nano_usd: 300_000,
    });
    expect(db.prepare('SELECT * FROM billing_differences').get()).toMatchObject({
      sent_thousandths: 5_000,
      due_worth_nano_usd: 7_000,
    });
    expect(db.prepare('SELECT worth_nano_usd FROM carry_forwards').pluck().get()).toBe(38_000);
    db.exec('DELETE FROM billing_differences');

    // The plan of the settings is in force from the beginning; a call that Stripe was told of before keeps its meter.
    const plans = createPlansInForce(db, planSchema.parse({ kind: 'tokens', markupPercent: 10 }));
    const recorder = createRecorder(db, { dayOf: createDayOf('UTC'), plans, book: () => currentBook });
    plans.use({ plan: planSchema.parse({ kind: 'tokens', markupPercent: 10 }), nowMs: 120_000 });
    expect(plans.at(60_000)).toMatchObject({ fromMs: 0, plan: { kind: 'tokens' } });
    const known = prepareReadCall(db)('call_1');
    if (!known) throw new Error('the call of version 1 is there');
    const lines = [
      { ...known.lines[0], quantity: 150, amountPicoUsd: 300_000_000 } as ChargeLine,
      ...known.lines.slice(1),
    ];
    db.transaction(() => {
      recorder.correct(known, { ...known.call, inputTokens: 150, costNanoUsd: 400_000 }, lines, 'a test');
      recorder.writeRollups();
    })();
    expect(db.prepare('SELECT meter, sent_thousandths, due_thousandths FROM billing_differences').all()).toEqual([
      { meter: 'm', sent_thousandths: 300_000, due_thousandths: 440_000 },
    ]);
    expect(db.prepare('SELECT COUNT(*) FROM outbox_shares').pluck().get()).toBe(1);
    expect(verifyLedger(db)).toEqual({ calls: 2, findings: [] });
    db.close();
  });
});

describe('a ledger of version 10', () => {
  it('keeps its meter events, what they were sent under, and what stands on an invoice item, to the nano-dollar', () => {
    const file = join(home, ledgerFileName);
    writeVersion(file, 10);
    const old = openDatabase(file, 'write');
    old.exec(`INSERT INTO carry_forwards VALUES (1, 'cus_b', 5, 17000, 1, 'said');
              UPDATE meter_events SET state = 'carried_forward', carry_forward = 1, set_aside_reason = 'too_old', confirmed_at_ms = 9`);
    const before = old.prepare('SELECT * FROM meter_events').all();
    old.close();
    const db = openLedgerFile(file, 'write');
    expect(before).toHaveLength(1);
    expect(db.prepare('SELECT * FROM meter_events').all()).toEqual(before);
    expect(db.prepare('SELECT worth_nano_usd, state, cents, rest_nano_usd FROM carry_forwards').all()).toEqual([
      { worth_nano_usd: 17_000, state: 'billed', cents: null, rest_nano_usd: 0 },
    ]);
    expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    expect(verifyLedger(db)).toEqual({ calls: 2, findings: [] });
    db.close();
  });
});

describe('a ledger of every earlier version', () => {
  for (let version = 1; version < schemaVersion; version++) {
    it(`${version} is backed up as it was before it is brought up, and the backup can be brought up as well`, () => {
      const file = join(home, ledgerFileName);
      writeVersion(file, version);
      openLedgerFile(file, 'write').close();

      const [backup] = listBackups(file);
      expect(backup?.file).toMatch(new RegExp(`ledger-schema-${version}-.*Z\\.sqlite$`));
      const old = openDatabase(backup?.file ?? '', 'read');
      expect(old.pragma('user_version', { simple: true })).toBe(version);
      expect(old.prepare('SELECT COUNT(*) AS calls FROM calls').get()).toEqual({ calls: 2 });
      old.close();

      const again = join(home, 'again.sqlite');
      copyFileSync(backup?.file ?? '', again);
      const db = openLedgerFile(again, 'write');
      expect(verifyLedger(db)).toEqual({ calls: 2, findings: [] });
      db.close();
    });
  }

  it('is left as it is when its backup fails, with what to do', () => {
    const file = join(home, ledgerFileName);
    writeVersion1(file);
    writeFileSync(join(home, 'backups'), 'a file where the folder of the backups should be');
    expect(() => openLedgerFile(file, 'write')).toThrow(
      expect.objectContaining({
        code: 'ledger_unreadable',
        remedy:
          'Make room on the disk of the home folder (as much as the ledger has) and start again; nothing was changed.',
      }) as Error,
    );
    const db = openDatabase(file, 'read');
    expect(db.pragma('user_version', { simple: true })).toBe(1);
    db.close();
  });
});
