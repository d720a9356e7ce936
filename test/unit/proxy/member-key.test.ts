/** Member keys in the headers of a request: found, answered for, replaced where they stand. */
import { describe, expect, it } from 'vitest';

import { attribute } from '../../../main/proxy/attribute.ts';
import { requestHeaders } from '../../../main/proxy/headers.ts';
import { admitMemberKey, type MemberKeyAnswer } from '../../../main/proxy/member-key.ts';
import { routeOf } from '../../../main/proxy/route.ts';
import { noDefaults } from '../../kit/metered-proxy.ts';

const anthropicApiKey = 'sk-ant-ours-$&-$1';
const known: Record<string, MemberKeyAnswer> = {
  tk_alice: { kind: 'valid', member: 'alice', project: null },
  tk_bo: { kind: 'valid', member: 'bo', project: 'ops' },
  tk_gone: { kind: 'revoked' },
  tk_old: { kind: 'replaced' },
};
const find = (key: string): MemberKeyAnswer => known[key] ?? { kind: 'unknown' };
const admit = (raw: string[], ours: string | null = anthropicApiKey) =>
  admitMemberKey(raw, { find, anthropicApiKey: ours });

describe('a request', () => {
  it.each([
    [['X-Api-Key', 'tk_alice']],
    [['authorization', 'Bearer tk_alice']],
    [['AUTHORIZATION', 'bearer   tk_alice']],
    [['Authorization', 'token tk_alice']],
    [['x-api-key', 'tk_alice', 'Authorization', 'Bearer tk_alice']],
    [['x-api-key', 'tk_alice', 'x-api-key', 'tk_bo']],
  ])('with %j goes up with our key in the place of every member key', (raw) => {
    const admission = admit(raw);
    expect(admission).toMatchObject({ kind: 'admitted', holder: { member: 'alice' } });
    const sent = requestHeaders(raw, [], anthropicApiKey);
    expect(sent.join('\n')).not.toContain('tk_');
    expect(sent).toEqual(raw.map((part) => part.replaceAll(/tk_\w+/g, () => anthropicApiKey)));
  });

  it.each([
    [['x-api-key', 'sk-ant-api03-tk_alice']],
    [['authorization', 'Bearer sk-ant-oat01-x']],
    [['x-note', 'tk_alice']],
    [[]],
  ])('with %j has a key of its own, and nothing of it is touched', (raw) => {
    expect(admit(raw)).toEqual({ kind: 'admitted', holder: null });
    expect(requestHeaders(raw)).toEqual(raw);
    expect(requestHeaders(raw, [], anthropicApiKey)).toEqual(raw);
  });

  it.each([
    ['tk_nobody', 'not known here'],
    ['tk_gone', 'was revoked'],
    ['tk_old', 'was replaced'],
  ])('with %s is refused, with what to do and without the key', (key, words) => {
    for (const raw of [
      ['x-api-key', key],
      ['x-api-key', 'tk_alice', 'authorization', `Bearer ${key}`],
    ]) {
      const admission = admit(raw);
      expect(admission).toMatchObject({ kind: 'refused', answer: { status: 401, type: 'authentication_error' } });
      expect(JSON.stringify(admission)).toContain(words);
      expect(JSON.stringify(admission)).not.toContain(key);
    }
  });

  it.each([[null], ['tk_alice']])('is refused where our own key is %s', (ours) => {
    expect(admit(['x-api-key', 'tk_alice'], ours)).toMatchObject({
      kind: 'refused',
      answer: { sentence: expect.stringContaining('start Tollkeeper with ANTHROPIC_API_KEY set.') },
    });
  });
});

describe('the holder of a member key', () => {
  const names = ['x-tollkeeper-member', 'eve', 'x-tollkeeper-project', 'side'];
  const holder = (member: string, project: string | null) => ({ member, project, anthropicApiKey });

  it('made the call, whatever else the request says; the project is the key’s where it names one', () => {
    const bo = routeOf('POST', '/@eve/other/v1/messages', holder('bo', 'ops'));
    expect(attribute(bo, names, noDefaults)).toMatchObject({ member: 'bo', project: 'ops' });
    const alice = routeOf('POST', '/@eve/other/v1/messages', holder('alice', null));
    expect(attribute(alice, names, noDefaults)).toMatchObject({ member: 'alice', project: 'side' });
    expect(attribute(alice, [], noDefaults)).toMatchObject({ member: 'alice', project: 'other' });
  });
});
