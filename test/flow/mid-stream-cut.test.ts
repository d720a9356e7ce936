/** Cutting an answer whose running cost passes the call ceiling: off unless switched on, told in Anthropic's shape, and honest in the ledger. */
import Anthropic from '@anthropic-ai/sdk';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { model, questionOf, refusalOf } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
/** Hands on the rest of the event that the first chunk leaves torn; then the end of the answer. */
let goOn: () => void;
let comeToAnEnd: () => void;

const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const usage = { input_tokens: 200_000, output_tokens: 1 };
const start =
  event('message_start', {
    message: { id: 'msg_cut', type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage },
  }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const delta = (text: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const end =
  event('content_block_stop', { index: 0 }) +
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 30 } }) +
  event('message_stop');

beforeEach(async () => {
  const going = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  [goOn, comeToAnEnd] = [going.resolve, ending.resolve];
  upstream = await startUpstream(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // The chunk ends inside an event: nothing may be written there.
    const torn = delta('and on');
    response.write(start + delta('first words') + torn.slice(0, 40));
    await going.promise;
    response.write(torn.slice(40));
    await ending.promise;
    response.end(end);
  });
});

afterEach(async () => {
  await engine.close();
  await upstream.close();
});

async function startWith(limits: object): Promise<void> {
  engine = await startTestEngine({ upstream: upstream.url, settings: { limits } });
}

const stream = () =>
  new Anthropic({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl, maxRetries: 0 }).messages.stream(
    questionOf('hello'),
  );

describe('an answer that costs more than the ceiling', () => {
  it('is cut between two events where that is switched on, and its row is partial and estimated', async () => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    const running = stream();
    let text = '';
    running.on('text', (part) => {
      text += part;
      goOn();
    });
    const error = await refusalOf(running.finalMessage());
    expect(error.message).toMatch(
      /Tollkeeper cut this answer: it had cost \$0\.\d\d, more than the call ceiling of \$0\.50\./,
    );
    expect(text).toBe('first wordsand on');
    await upstream.abandoned();
    const [row] = await engine.settled(1);
    expect(row).toMatchObject({
      status: 'partial',
      isEstimated: true,
      errorType: 'call_ceiling',
      inputTokens: 200_000,
      httpStatus: 200,
    });
    expect(row?.costNanoUsd).toBeGreaterThan(500_000_000);
    expect(engine.verify().findings).toEqual([]);
  });

  it('goes on to its end where it is not, as by default, or where the ceiling is higher', async () => {
    for (const limits of [{ callCeilingUsd: 0.5 }, { callCeilingUsd: 100, cutsMidStream: true }]) {
      await startWith(limits);
      goOn();
      comeToAnEnd();
      expect(await stream().finalText()).toBe('first wordsand on');
      expect(await engine.settled(1)).toMatchObject([{ status: 'complete' }]);
      if (limits.cutsMidStream === undefined) await engine.close();
    }
  });
});
