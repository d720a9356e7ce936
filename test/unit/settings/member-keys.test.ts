/** Member keys over a real file: made, named, rotated, revoked, recognised, and never written down. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { rotationGraceMs } from '../../../shared/contract/keys.ts';
import { keyState } from '../../../shared/key-words.ts';
import { createKey, noKeys, revokeKey, rowsOf } from '../../../main/settings/key-book.ts';
import { memberKeysFileName, openMemberKeys } from '../../../main/settings/member-keys.ts';
import { systemIds } from '../../../main/system/ids.ts';
import { createShiftedClock, type ShiftedClock } from '../../kit/test-engine.ts';

let home: string;
let clock: ShiftedClock;
const open = () => openMemberKeys(home, { clock, ids: systemIds });
const alice = { member: 'alice', project: 'webshop', name: 'laptop' };
const text = () => readFileSync(join(home, memberKeysFileName), 'utf8');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-keys-'));
  clock = createShiftedClock();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a member key', () => {
  it('is 256 bits, stands on the disk as a hash that only its owner may read, and is known after a restart', () => {
    const { secret, key } = open().create(alice);
    expect(secret).toMatch(/^tk_[A-Za-z0-9_-]{43}$/);
    expect(text()).not.toContain(secret.slice(3));
    expect(statSync(join(home, memberKeysFileName)).mode & 0o777).toBe(0o600);
    expect(key).toMatchObject({ id: 'key_1', ...alice, ending: secret.slice(-4), revokedAtMs: null });
    expect(open().find(secret)).toEqual({ kind: 'valid', member: 'alice', project: 'webshop' });
    for (const other of [secret.slice(0, -1), `${secret}x`, secret.toLowerCase(), 'tk_', ''])
      expect(open().find(other)).toEqual({ kind: 'unknown' });
  });

  it('works beside its successor for a day after a rotation, and not a moment longer', () => {
    const keys = open();
    const old = keys.create(alice).secret;
    const { secret: fresh, key } = keys.rotate('key_1', false);
    expect(fresh).not.toBe(old);
    expect(keyState(key, clock.nowMs())).toEqual({ kind: 'both', sentence: 'works; the old one for 24 more hours' });
    clock.putAhead(rotationGraceMs - 60_000);
    expect([keys.find(old).kind, keys.find(fresh).kind]).toEqual(['valid', 'valid']);
    clock.putAhead(60_001);
    expect([keys.find(old).kind, keys.find(fresh).kind]).toEqual(['replaced', 'valid']);
    expect(keyState(keys.list()[0] ?? key, clock.nowMs()).kind).toBe('works');
  });

  it('that is rotated at once works no more; a further rotation gives an old one no more time', () => {
    const keys = open();
    const first = keys.create(alice).secret;
    const second = keys.rotate('key_1', true).secret;
    expect(keys.find(first).kind).toBe('replaced');
    keys.rotate('key_1', false);
    clock.putAhead(rotationGraceMs / 2);
    keys.rotate('key_1', false);
    expect(keys.find(first).kind).toBe('replaced');
    clock.putAhead(rotationGraceMs / 2 + 60_000);
    expect(keys.find(second).kind).toBe('replaced');
  });

  it('that is revoked works no more, nor does what it was rotated from, and cannot be rotated', () => {
    const keys = open();
    const old = keys.create(alice).secret;
    const fresh = keys.rotate('key_1', false).secret;
    keys.revoke('key_1');
    expect([open().find(old).kind, open().find(fresh).kind]).toEqual(['revoked', 'revoked']);
    expect(() => keys.rotate('key_1', false)).toThrow('The key key_1 is revoked.');
    expect(keys.list()[0]).toMatchObject({ oldWorksUntilMs: null });
  });

  it('can be called something else, and only one that is there', () => {
    const keys = open();
    keys.create(alice);
    expect(keys.rename('key_1', 'desktop').name).toBe('desktop');
    expect(open().list()).toMatchObject([{ name: 'desktop' }]);
    for (const act of [() => keys.rename('key_9', 'x'), () => keys.revoke('key_9'), () => keys.rotate('key_9', true)])
      expect(act).toThrow('There is no member key key_9.');
  });
});

describe('the file of member keys', () => {
  it.each([
    ['no json', 'it is no JSON'],
    ['{"nextNumber":1,"keys":[{"id":"key_1"}]}', 'sha256|secrets|member'],
  ])('that holds %j is an error that names it, never quietly no keys', (content, words) => {
    writeFileSync(join(home, memberKeysFileName), content);
    expect(open).toThrow(new RegExp(words));
    expect(open).toThrow(join(home, memberKeysFileName));
  });

  it('that cannot be written changes nothing', () => {
    const keys = open();
    const { secret } = keys.create(alice);
    mkdirSync(join(home, `${memberKeysFileName}.new`));
    expect(() => keys.revoke('key_1')).toThrow('they are as they were');
    expect(keys.find(secret).kind).toBe('valid');
    expect(keys.list()).toMatchObject([{ revokedAtMs: null }]);
  });

  it('has room for 500, the longest revoked of which makes way', () => {
    let book = noKeys;
    for (let index = 0; index < 500; index++) book = createKey(book, alice, `tk_${index}`, index);
    expect(() => createKey(book, alice, 'tk_more', 500)).toThrow('There are 500 member keys already.');
    book = createKey(revokeKey(revokeKey(book, 'key_7', 20), 'key_3', 10), alice, 'tk_more', 500);
    const ids = rowsOf(book, 500).map(({ id }) => id);
    expect([ids.length, ids[0], ids.at(-1), ids.includes('key_3')]).toEqual([500, 'key_501', 'key_7', false]);
  });
});
