/** Sessions as clients name them. */
import { describe, expect, it } from 'vitest';

import { clientSession } from '../../../shared/client-session.ts';

const session = '0f3b6a2e-2b57-4c3e-9d55-0c2f6c0f7d11';
const account = '7d1f0c2f-9d55-4c3e-2b57-0f3b6a2e0c2f';
const read = (headers: Record<string, string>, userId?: string) =>
  clientSession((name) => headers[name] ?? null, { metadata: userId === undefined ? {} : { user_id: userId } });

describe('the session of a client', () => {
  it('is told by Claude Code’s headers, with its agents', () => {
    const headers = {
      'x-claude-code-session-id': session,
      'x-claude-code-agent-id': 'agent-2',
      'x-claude-code-parent-agent-id': 'agent-1',
    };
    expect(read(headers)).toEqual({
      session,
      agent: 'agent-2',
      parentAgent: 'agent-1',
      parentSession: null,
      isRetry: false,
      user: null,
    });
  });

  it('is told by the headers of other clients, whose subagents have sessions of their own', () => {
    const openCode = { 'x-session-affinity': 'ses_2', 'x-session-id': 'ses_2', 'x-parent-session-id': 'ses_1' };
    expect(read(openCode)).toMatchObject({ session: 'ses_2', parentSession: 'ses_1', agent: null });
    expect(read({ 'x-session-affinity': 'ses_1' })).toMatchObject({ session: 'ses_1', parentSession: null });
    expect(read({ 'x-session-id': ' ', 'x-opencode-session': 'ses_3' })).toMatchObject({ session: 'ses_3' });
    expect(read({ 'x-parent-session-id': 'ses_1' })).toMatchObject({ session: null, parentSession: null });
  });

  it.each([
    ['older versions', `user_ab12_account_${account}_session_${session}`],
    ['newer ones', JSON.stringify({ device_id: 'd', account_uuid: account, session_id: session })],
  ])('and by the user id of %s, which names the account too', (_version, userId) => {
    expect(read({}, userId)).toMatchObject({ session, user: account });
  });

  it('is not what another client names its user by', () => {
    expect(read({}, 'user-4711')).toMatchObject({ session: null, agent: null, user: 'user-4711' });
    expect(read({ 'x-claude-code-agent-id': 'agent-1' })).toMatchObject({ session: null, agent: null });
  });

  it('says whether a request is sent again', () => {
    expect(read({ 'x-stainless-retry-count': '0' }).isRetry).toBe(false);
    expect(read({ 'x-stainless-retry-count': '2' }).isRetry).toBe(true);
  });

  it('reads a body that holds nothing of the kind, and cuts what is too long', () => {
    expect(clientSession(() => null, null).session).toBeNull();
    expect(clientSession(() => null, { metadata: 'x' }).session).toBeNull();
    expect(read({ 'x-claude-code-session-id': 'x'.repeat(500) }).session).toHaveLength(100);
  });
});
