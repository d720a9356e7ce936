/**
 * Calls of more than one pass (`usage.iterations`), each pass at its own model's price (see ending-table.ts for what an ending is).
 * Nano-dollars a token, from the list: sonnet-5-5 $2 in and $10 out, opus-5-5 $4 and $20, fable-5-2 $8 and $40, haiku-5-5 $0.10 and $0.50 a million.
 */
import { messageDelta, messageStop, sse } from '../kit/sse-text.ts';
import { cost, endStream, exact, json, message, start, text, type Ending } from './ending-table.ts';

const fallbackBlock = sse('content_block_start', {
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'fallback', from: { model: 'claude-sonnet-5-5' }, to: { model: 'claude-opus-5-5' } },
});

export const passEndings: readonly Ending[] = [
  {
    name: 'complete, with a compaction',
    rule: 'the summarising pass is not in the top level, and is billed at the model of the message',
    source: 'facts 1, iterations (compaction)',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          usage: {
            input_tokens: 100,
            output_tokens: 10,
            iterations: [
              { type: 'compaction', input_tokens: 5_000, output_tokens: 400 },
              { type: 'message', model: null, input_tokens: 100, output_tokens: 10 },
            ],
          },
        }),
      ),
    row: { ...exact, input_tokens: 5_100, output_tokens: 410, passes: 2 },
    cost: cost({ input: 5_100, output: 410 }),
  },
  {
    name: 'complete, with an advisor of another model',
    rule: 'the advisor is not in the top level, and is billed at its own model',
    source: 'facts 1, iterations (advisor)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, { input_tokens: 100, output_tokens: 1 }) +
          text +
          messageDelta({
            output_tokens: 10,
            iterations: [
              { type: 'message', model: null, input_tokens: 100, output_tokens: 10 },
              { type: 'advisor_message', model: 'claude-fable-5-2', input_tokens: 1_000, output_tokens: 50 },
            ],
          }) +
          messageStop,
      ),
    row: { ...exact, input_tokens: 1_100, output_tokens: 60, passes: 2 },
    cost: cost({ input: 100, output: 10 }) + 1_000 * 8_000 + 50 * 40_000,
  },
  {
    name: 'complete, by a fallback after an attempt that was declined',
    rule: 'the declined attempt has no output and is not billed; the serving model is',
    source: 'facts 1, refusals and fallback',
    answer: (response, id) =>
      endStream(
        response,
        start(id, { input_tokens: 200, output_tokens: 1 }) +
          fallbackBlock +
          text +
          messageDelta({
            input_tokens: 210,
            output_tokens: 80,
            iterations: [
              { type: 'message', model: 'claude-sonnet-5-5', input_tokens: 200, output_tokens: 0 },
              { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 210, output_tokens: 80 },
            ],
          }) +
          messageStop,
      ),
    row: { ...exact, model: 'claude-opus-5-5', input_tokens: 210, output_tokens: 80 },
    cost: 210 * 4_000 + 80 * 20_000,
  },
  {
    name: 'complete, by a fallback after an attempt that had begun to write',
    rule: 'the refused attempt is billed for what it wrote, at its own model',
    source: 'facts 1, refusals and fallback',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          model: 'claude-opus-5-5',
          usage: {
            input_tokens: 210,
            output_tokens: 80,
            iterations: [
              { type: 'message', model: 'claude-sonnet-5-5', input_tokens: 200, output_tokens: 5 },
              { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 210, output_tokens: 80 },
            ],
          },
        }),
      ),
    row: { ...exact, model: 'claude-opus-5-5', input_tokens: 410, output_tokens: 85, passes: 2 },
    cost: cost({ input: 200, output: 5 }) + 210 * 4_000 + 80 * 20_000,
  },
  {
    name: 'complete, served by the fallback of the turn before',
    rule: 'one fallback_message and no message: billed at the model that served',
    source: 'facts 1 (sticky-served turns)',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          usage: {
            input_tokens: 50,
            output_tokens: 5,
            iterations: [{ type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 50, output_tokens: 5 }],
          },
        }),
      ),
    row: { ...exact, input_tokens: 50, output_tokens: 5, passes: 1 },
    cost: 50 * 4_000 + 5 * 20_000,
  },
  {
    name: 'refusal by every attempt of a fallback',
    rule: 'nothing was written by any: free',
    source: 'facts 1, refusals and fallback',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          stop_reason: 'refusal',
          usage: {
            input_tokens: 50,
            output_tokens: 0,
            iterations: [
              { type: 'message', model: 'claude-sonnet-5-5', input_tokens: 50, output_tokens: 0 },
              { type: 'fallback_message', model: 'claude-opus-5-5', input_tokens: 50, output_tokens: 0 },
            ],
          },
        }),
      ),
    row: { ...exact, stop_reason: 'refusal', output_tokens: 0 },
    cost: 0,
  },
  {
    name: 'complete, with cache writes that grew and a web search',
    rule: 'the split of what grew is taken from the passes; the search is charged once',
    source: 'facts 1 (cost algorithm), 2 (take the split from iterations)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, { input_tokens: 4, output_tokens: 1 }) +
          text +
          messageDelta({
            input_tokens: 9,
            cache_creation_input_tokens: 300,
            output_tokens: 30,
            server_tool_use: { web_search_requests: 2, web_fetch_requests: 3 },
            iterations: [
              {
                type: 'message',
                input_tokens: 4,
                cache_creation_input_tokens: 100,
                cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
                output_tokens: 10,
              },
              {
                type: 'message',
                input_tokens: 5,
                cache_creation_input_tokens: 200,
                cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 0 },
                output_tokens: 20,
              },
            ],
          }) +
          messageStop,
      ),
    row: { ...exact, cache_write_1h_tokens: 100, cache_write_5m_tokens: 200, web_search_requests: 2, passes: 2 },
    cost: cost({ input: 9, write1h: 100, write5m: 200, output: 30 }) + 2 * 10_000_000,
  },
  {
    name: 'complete, with a pass of a kind that nobody knows',
    rule: 'kept, and unpriced with its name',
    source: 'design, invariant 7',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          usage: {
            input_tokens: 1,
            output_tokens: 1,
            iterations: [{ type: 'dream', input_tokens: 9, output_tokens: 9 }],
          },
        }),
      ),
    row: { ...exact, unpriced_reason: 'The usage counts iterations of type dream, which this version cannot price.' },
    cost: null,
  },
  {
    name: 'cut in mid-text, after the fallback had taken over',
    rule: 'input of message_start, the text sent, at the model that serves',
    source: 'facts 2 (fallback mid-stream), 11',
    answer: (response, id) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(start(id, { input_tokens: 200, output_tokens: 1 }) + fallbackBlock + text, () =>
        response.destroy(),
      );
    },
    row: { status: 'partial', estimated: true, model: 'claude-opus-5-5', input_tokens: 200 },
    cost: (row) => 200 * 4_000 + row.output_tokens * 20_000,
  },
];
