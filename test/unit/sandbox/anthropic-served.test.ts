/** The record of what was served stays within its bound and keeps its order. */
import { describe, expect, it } from 'vitest';

import { createServedMessages } from '../../../main/sandbox/anthropic-served.ts';

const counts = { use: { inputTokens: 3, readTokens: 0, write5mTokens: 2, write1hTokens: 0 } };
const reply = { blocks: [], outputTokens: 9, thinkingTokens: 0, stopReason: 'end_turn' as const };
const message = { model: 'claude-sonnet-5-5', ...counts, reply, inferenceGeo: 'global', speed: 'standard' } as const;

describe('served messages', () => {
  it('keep the latest 200,000, oldest first', () => {
    const served = createServedMessages();
    for (let index = 0; index < 200_003; index += 1) served.begin({ id: `msg_${index}`, ...message }, 'req', true);

    const list = served.list();
    expect(list).toHaveLength(200_000);
    expect([list[0]?.messageId, list.at(-1)?.messageId]).toEqual(['msg_3', 'msg_200002']);
  });

  it('show the placeholder until the final usage is sent', () => {
    const served = createServedMessages();
    const record = served.begin({ id: 'msg_1', ...message }, 'req_1', true);
    expect(served.list()[0]).toMatchObject({ usage: { input_tokens: 3, output_tokens: 1 }, end: 'sending' });

    record.isFinalUsageSent = true;
    record.end = 'whole';
    expect(served.list()[0]).toMatchObject({
      usage: { input_tokens: 3, cache_creation_input_tokens: 2, output_tokens: 9 },
      end: 'whole',
    });
  });
});
