/** Calls as the proxy would hand them to the ledger, for tests of the ledger alone. */
import type { BegunCall, SettledCall } from '../../shared/call.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { settle } from '../../shared/settle.ts';
import { readUsage } from '../../shared/usage.ts';

export function begunCall(id: string, more: Partial<BegunCall> = {}): BegunCall {
  return {
    id,
    source: 'proxy',
    startedAtMs: Date.parse('2026-11-24T10:00:30Z'),
    path: '/v1/messages',
    client: 'test',
    clientUser: null,
    requestedModel: 'claude-sonnet-5-5',
    isStream: true,
    promptBytes: 10,
    member: 'alice',
    project: 'webshop',
    customer: 'cus_a',
    conversation: null,
    ...more,
  };
}

export function settledCall(begun: BegunCall, usage: object = { input_tokens: 1_000, output_tokens: 10 }): SettledCall {
  const end = {
    startedAtMs: begun.startedAtMs,
    endedAtMs: begun.startedAtMs + 2_000,
    firstByteMs: 100,
    httpStatus: 200,
    requestId: 'req_1',
    responseBytes: 100,
    model: 'claude-sonnet-5-5',
    messageId: `msg_${begun.id}`,
    stopReason: 'end_turn',
    errorType: null,
    usage: readUsage(usage),
    usageJson: JSON.stringify(usage),
    isWhole: true,
    outputTokensSoFar: 0,
    trouble: null,
  };
  return { id: begun.id, ...settle(end, currentBook) };
}
