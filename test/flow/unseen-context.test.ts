/** Requests whose body does not show what the model will read: message threads and tools of Anthropic's. Their last turn says what the next one comes to. */
import Anthropic from '@anthropic-ai/sdk';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { liveSnapshotSchema } from '../../shared/contract/events.ts';
import { model, questionOf, refusalOf } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
/** What the next answers report: prompt and answer. */
let reported: [number, number][];
let statuses: number[];

beforeEach(async () => {
  reported = [];
  statuses = [];
  let answers = 0;
  upstream = await startUpstream(({ url }, response) => {
    response.setHeader('content-type', 'application/json');
    // Of the new message alone, as Anthropic would count it.
    if (url.startsWith('/v1/messages/count_tokens')) return response.end('{"input_tokens":20}');
    const status = statuses.shift() ?? 200;
    if (status !== 200)
      return response.writeHead(status).end('{"type":"error","error":{"type":"overloaded_error","message":"busy"}}');
    const [input = 0, output = 0] = reported.shift() ?? [];
    answers += 1;
    const usage = { input_tokens: input, output_tokens: output };
    const content = [{ type: 'text', text: 'well' }];
    return response.end(
      JSON.stringify({
        id: `msg_${answers}`,
        type: 'message',
        role: 'assistant',
        model,
        stop_reason: 'end_turn',
        content,
        usage,
      }),
    );
  });
  engine = await startTestEngine({ upstream: upstream.url });
});
afterEach(async () => {
  await engine.close();
  await upstream.close();
});

const ask = (text: string, more: object) =>
  new Anthropic({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl, maxRetries: 0 }).messages.create(
    questionOf(text, more),
  );
const thread = (previous: string | null) => ({
  thread: previous === null ? { type: 'create' } : { type: 'continue', previous_message_id: previous },
});
async function conversations(turns: number) {
  const read = async () => liveSnapshotSchema.parse(await (await engine.get('/api/live')).json()).conversations;
  await expect.poll(async () => (await read()).reduce((sum, one) => sum + one.turns, 0)).toBe(turns);
  return read();
}

describe('a message thread', () => {
  it('of a plain SDK is one conversation, whose next turn is estimated by its last and stopped at the limit', async () => {
    reported = [
      [60_000, 500],
      [97_000, 3_500],
    ];
    await ask('look at all of this', thread(null));
    await ask('and now?', thread('msg_1'));
    expect(await conversations(2)).toMatchObject([{ turns: 2, contextTokens: 100_500, parent: null }]);

    const error = await refusalOf(ask('and then?', thread('msg_2')));
    expect(Number(/prompt is too long: (\d+) tokens > 100000 maximum/.exec(error.message)?.[1])).toBeGreaterThan(
      100_500,
    );
    expect(error.message).toContain(`tollkeeper allow ${(await conversations(2))[0]?.id} --for 1h`);
    // A count of the new message alone would have let it through.
    expect(upstream.received.map(({ url }) => url)).toEqual(['/v1/messages', '/v1/messages']);
  });

  it('that goes on from an earlier answer is a fork with its parent, and one that is sent again is not', async () => {
    reported = [
      [1_000, 10],
      [1_100, 10],
      [1_150, 10],
      [1_160, 10],
    ];
    await ask('one', thread(null));
    statuses = [529];
    await ask('two', thread('msg_1')).catch(() => null);
    await ask('two', thread('msg_1'));
    await ask('else', thread('msg_1'));
    await ask('else again', thread('msg_1'));
    const [second, first, root] = await conversations(4);
    expect(root).toMatchObject({ turns: 2, parent: null });
    expect(first).toMatchObject({ id: 'thread_msg_1', parent: root?.id });
    expect(second).toMatchObject({ id: 'thread_msg_1_2', parent: root?.id });
  });
});

describe('a conversation with a tool of Anthropic’s', () => {
  it('is estimated by its last turn, since what the tool found stands in no body', async () => {
    const tools = [{ type: 'web_search_20260318', name: 'web_search' }];
    reported = [[100_500, 2_500]];
    await ask('search for it', { tools });
    const messages = [
      { role: 'user', content: 'search for it' },
      { role: 'assistant', content: 'well' },
      { role: 'user', content: 'and now?' },
    ];
    await conversations(1);
    const settings = { tools, messages };
    const error = await refusalOf(ask('', settings));
    expect(error.message).toMatch(/prompt is too long: \d+ tokens > 100000 maximum/);
  });
});
