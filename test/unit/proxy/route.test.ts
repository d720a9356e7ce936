/** Which call is this, who made it, and what conversation is it part of. */
import { describe, expect, it } from 'vitest';

import { attribute, clientOf } from '../../../main/proxy/attribute.ts';
import { inspectRequest } from '../../../main/proxy/inspect.ts';
import { routeOf } from '../../../main/proxy/route.ts';

describe('a route', () => {
  it.each([
    ['POST', '/v1/messages', 'messages', '/v1/messages', null, null],
    ['POST', '/v1/messages?beta=true', 'messages', '/v1/messages?beta=true', null, null],
    ['POST', '/@alice/webshop/v1/messages?beta=true', 'messages', '/v1/messages?beta=true', 'alice', 'webshop'],
    ['POST', '/@alice/v1/messages', 'messages', '/v1/messages', 'alice', null],
    ['HEAD', '/@alice/api/hello', 'pass', '/api/hello', 'alice', null],
    ['POST', '/@J%C3%B6rg/ops/v1/messages', 'messages', '/v1/messages', 'Jörg', 'ops'],
    ['POST', '/@100%/v1/messages', 'messages', '/v1/messages', '100%', null],
    ['GET', '/@alice', 'pass', '/', 'alice', null],
    ['GET', '/@alice/webshop?x=1', 'pass', '/?x=1', 'alice', 'webshop'],
    ['GET', '/v1/messages', 'pass', '/v1/messages', null, null],
    ['POST', '/v1/messages/count_tokens', 'pass', '/v1/messages/count_tokens', null, null],
    ['POST', '/v1/messages/batches', 'batches', '/v1/messages/batches', null, null],
  ])('of %s %s is %s to %s', (method, url, kind, target, member, project) => {
    expect(routeOf(method, url)).toMatchObject({ kind, target, member, project });
  });
});

const nothing = inspectRequest(Buffer.from('no json'), null);
const route = routeOf('POST', '/@alice/webshop/v1/messages');
const defaults = {
  member: 'me',
  project: 'house',
  customer: null,
  customers: { projects: { webshop: 'cus_shop' }, members: { bo: 'cus_bo' } },
};

describe('a call', () => {
  it('is named by header before path before default', () => {
    expect(attribute(route, ['X-Tollkeeper-Member', ' bo '], nothing, defaults)).toMatchObject({
      member: 'bo',
      project: 'webshop',
      customer: 'cus_shop',
    });
    expect(attribute(routeOf('POST', '/v1/messages'), [], nothing, defaults)).toMatchObject({
      member: 'me',
      project: 'house',
      customer: null,
    });
  });

  it('is billed to the named customer before its project’s before its member’s', () => {
    expect(attribute(route, ['x-tollkeeper-customer', 'cus_x'], nothing, defaults).customer).toBe('cus_x');
    expect(attribute(routeOf('POST', '/@bo/other/v1/messages'), [], nothing, defaults).customer).toBe('cus_bo');
    expect(
      attribute(routeOf('POST', '/@bo/constructor/v1/messages'), [], nothing, {
        ...defaults,
        customers: { projects: {}, members: {} },
      }).customer,
    ).toBeNull();
  });

  it('names the client by its product', () => {
    expect(clientOf(['User-Agent', 'claude-cli/2.1.40 (external, cli)'])).toBe('claude-cli');
    expect(clientOf(['user-agent', 'Anthropic/JS 1.13.0'])).toBe('Anthropic/JS');
    expect(clientOf([])).toBeNull();
  });
});

const turn = (messages: unknown[], more: object = {}) =>
  inspectRequest(Buffer.from(JSON.stringify({ model: 'm', messages, ...more })), null);
const user = (content: unknown) => ({ role: 'user', content });

describe('a conversation', () => {
  it('stays the same while it grows and its cache marks move', () => {
    const first = turn([user('hello')]);
    const second = turn([
      user([{ type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } }]),
      { role: 'assistant', content: 'hi' },
      user('and now'),
    ]);
    expect(second.promptKey).toBe(first.promptKey);
    expect(first.promptKey).toMatch(/^prompt_[0-9a-f]{20}$/);
  });

  it('differs by its beginning', () => {
    expect(turn([user('a')]).promptKey).not.toBe(turn([user('b')]).promptKey);
    expect(turn([user('a')], { system: 'x' }).promptKey).not.toBe(turn([user('a')]).promptKey);
  });

  it('is the session where a client names one', () => {
    const id = '0f6074fc-a0f5-4d56-8de0-f4a592ddcf3b';
    const old = turn([user('a')], { metadata: { user_id: `user_abc_account__session_${id}` } });
    const recent = turn([user('a')], { metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: id }) } });
    expect([
      old.sessionId,
      recent.sessionId,
      turn([user('a')], { metadata: { user_id: 'someone' } }).sessionId,
    ]).toEqual([id, id, null]);
    expect(
      attribute(route, ['x-claude-code-session-id', 's1', 'x-claude-code-agent-id', 'a1'], old, defaults).conversation,
    ).toBe('s1/a1');
    expect(attribute(route, [], old, defaults).conversation).toBe(id);
  });

  it('is told from its texts whatever stands in them, and from where they end', () => {
    const keys = [
      turn([user('ab')]),
      turn([
        user([
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ]),
      ]),
      turn([user('a')], { system: 'b' }),
      turn([user('1')]),
      turn([user(1)]),
      turn([user(null)]),
      turn([user('null')]),
      turn([user([])]),
      turn([user({})]),
    ].map(({ promptKey }) => promptKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('does not stumble over a body that is nested without end', () => {
    const nested = `{"model":"m","messages":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`;
    expect(inspectRequest(Buffer.from(nested), null)).toMatchObject({ requestedModel: 'm' });
  });

  it('is unknown for a body that cannot be read, which still passes', () => {
    expect(inspectRequest(Buffer.from([0xff, 0x00]), 'gzip')).toEqual({
      requestedModel: null,
      isStream: false,
      sessionId: null,
      clientUser: null,
      promptKey: null,
    });
    expect(inspectRequest(Buffer.from('[1]'), null).requestedModel).toBeNull();
  });
});
