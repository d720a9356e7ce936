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

const route = routeOf('POST', '/@alice/webshop/v1/messages');
const defaults = {
  member: 'me',
  project: 'house',
  customer: null,
  customers: { projects: { webshop: 'cus_shop' }, members: { bo: 'cus_bo' } },
};

describe('a call', () => {
  it('is named by header before path before default', () => {
    expect(attribute(route, ['X-Tollkeeper-Member', ' bo '], defaults)).toMatchObject({
      member: 'bo',
      project: 'webshop',
      customer: 'cus_shop',
    });
    expect(attribute(routeOf('POST', '/v1/messages'), [], defaults)).toMatchObject({
      member: 'me',
      project: 'house',
      customer: null,
    });
  });

  it('is billed to the named customer before its project’s before its member’s', () => {
    expect(attribute(route, ['x-tollkeeper-customer', 'cus_x'], defaults).customer).toBe('cus_x');
    expect(attribute(routeOf('POST', '/@bo/other/v1/messages'), [], defaults).customer).toBe('cus_bo');
    expect(
      attribute(routeOf('POST', '/@bo/constructor/v1/messages'), [], {
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

const inspected = (messages: unknown[], more: object = {}, headers: readonly string[] = []) =>
  inspectRequest(Buffer.from(JSON.stringify({ model: 'm', messages, ...more })), headers);
const user = (content: unknown) => ({ role: 'user', content });

describe('a request', () => {
  it('is read for its model, its way of answering, its size and its prompt in one go', () => {
    const { requestedModel, isStream, maxTokens, measure, chain } = inspected([user('hello'), user('you')], {
      stream: true,
      max_tokens: 300,
    });
    expect({ requestedModel, isStream, maxTokens }).toEqual({ requestedModel: 'm', isStream: true, maxTokens: 300 });
    expect(measure?.messages).toBe(2);
    expect(chain?.links).toHaveLength(2);
  });

  it('keeps its chain while it grows and its cache marks move', () => {
    const first = inspected([user('hello')]);
    const second = inspected([
      user([{ type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } }]),
      { role: 'assistant', content: 'hi' },
      user('and now'),
    ]);
    expect(second.chain?.links[0]).toBe(first.chain?.links[0]);
    expect(inspected([user('b')]).chain?.links[0]).not.toBe(first.chain?.links[0]);
  });

  it('names its session by its headers, else in its body', () => {
    const id = '0f6074fc-a0f5-4d56-8de0-f4a592ddcf3b';
    const metadata = { user_id: `user_abc_account__session_${id}` };
    expect(inspected([user('a')], { metadata }).session).toMatchObject({ session: id, agent: null });
    const headers = ['X-Claude-Code-Session-Id', 's1', 'x-claude-code-agent-id', 'a1'];
    expect(inspected([user('a')], { metadata }, headers).session).toMatchObject({ session: 's1', agent: 'a1' });
  });

  it('does not stumble over a body that is nested without end', () => {
    const nested = `{"model":"m","messages":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`;
    expect(inspectRequest(Buffer.from(nested), [])).toMatchObject({ requestedModel: 'm', chain: null });
    const odd = { role: 'assistant', content: [{ type: 'tool_use', id: { toString: 1, valueOf: 1 } }] };
    expect(inspected([odd])).toMatchObject({ requestedModel: 'm', chain: null });
  });

  it('that cannot be read, or is not held, still passes and is known by its headers alone', () => {
    const broken = inspectRequest(Buffer.from([0xff, 0x00]), ['content-encoding', 'gzip']);
    expect(broken).toMatchObject({
      requestedModel: null,
      isStream: false,
      maxTokens: null,
      measure: null,
      chain: null,
    });
    expect(inspectRequest(Buffer.from('[1]'), []).requestedModel).toBeNull();
    expect(inspectRequest(null, ['x-claude-code-session-id', 's1'])).toMatchObject({
      requestedModel: null,
      session: { session: 's1' },
    });
  });
});
