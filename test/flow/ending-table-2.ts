/** Further ways in which a call can end: the client leaves, and what the answer says or leaves out (see ending-table.ts). */
import { gzipSync } from 'node:zlib';

import { messageDelta, messageStop, sse } from '../kit/sse-text.ts';
import {
  cost,
  endStream,
  exact,
  json,
  known,
  message,
  ofRow,
  start,
  stream,
  text,
  whole,
  type Ending,
} from './ending-table.ts';

export const furtherEndings: readonly Ending[] = [
  {
    name: 'client left before the headers',
    rule: 'it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: () => {},
    leaves: 'before headers',
    row: { status: 'partial', estimated: true, http_status: null, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'client left after message_start',
    rule: 'input and cache of message_start, the placeholder as output',
    source: 'facts 2 (client abort)',
    answer: (response, id) => stream(response, start(id)),
    leaves: { after: 'message_start' },
    row: { status: 'partial', estimated: true, ...known, output_tokens: 2 },
    cost: cost({ input: 40, read: 7, output: 2 }),
  },
  {
    name: 'client left in mid-text',
    rule: 'output is estimated from the text sent',
    source: 'facts 2 (client abort: practice)',
    answer: (response, id) => stream(response, start(id) + text),
    leaves: { after: 'lazy dog' },
    row: { status: 'partial', estimated: true, ...known },
    cost: ofRow,
  },
  {
    name: 'client left after the last delta',
    rule: 'the delta with the stop reason is cumulative and final: exact',
    source: 'facts 2 (cumulative: replace, never add)',
    answer: (response, id) => stream(response, start(id) + text + messageDelta({ output_tokens: 95 })),
    leaves: { after: 'end_turn' },
    row: { status: 'partial', estimated: false, ...known, output_tokens: 95 },
    cost: cost({ input: 40, read: 7, output: 95 }),
  },
  {
    name: 'a stream with several message_delta',
    rule: 'each replaces the one before; nothing is added',
    source: 'facts 2',
    answer: (response, id) =>
      endStream(
        response,
        start(id) +
          text +
          sse('message_delta', { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 40 } }) +
          sse('message_delta', { type: 'message_delta', delta: {}, usage: { output_tokens: 70 } }) +
          messageDelta({ output_tokens: 90 }) +
          messageStop,
      ),
    row: { ...exact, ...known, output_tokens: 90, stop_reason: 'end_turn' },
    cost: cost({ input: 40, read: 7, output: 90 }),
  },
  {
    name: 'usage without input or cache fields in the delta, and with nulls',
    rule: 'null or absent leaves what stood there',
    source: 'facts 2 (same rule as the SDK’s MessageStream)',
    answer: (response, id) =>
      endStream(
        response,
        start(id) +
          text +
          messageDelta({
            output_tokens: 88,
            input_tokens: null,
            cache_read_input_tokens: null,
            server_tool_use: null,
          }) +
          messageStop,
      ),
    row: { ...exact, ...known, output_tokens: 88 },
    cost: cost({ input: 40, read: 7, output: 88 }),
  },
  {
    name: 'usage with nothing but output',
    rule: 'every field may be absent: read as 0, never an error',
    source: 'facts 1',
    answer: (response, id) => json(response, 200, message(id, { usage: { output_tokens: 5 } })),
    row: { ...exact, input_tokens: 0, output_tokens: 5 },
    cost: cost({ output: 5 }),
  },
  {
    name: 'usage full of nulls',
    rule: 'null is read as 0, never an error',
    source: 'facts 1',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          usage: {
            input_tokens: 9,
            cache_creation_input_tokens: null,
            cache_read_input_tokens: null,
            cache_creation: null,
            output_tokens: 5,
            output_tokens_details: null,
            server_tool_use: null,
            service_tier: null,
            speed: null,
            inference_geo: null,
            iterations: null,
          },
        }),
      ),
    row: { ...exact, input_tokens: 9, output_tokens: 5, service_tier: null },
    cost: cost({ input: 9, output: 5 }),
  },
  {
    name: 'input that grows between start and end',
    rule: 'the later count replaces the earlier (a web search brings pages in)',
    source: 'facts 2 (2,679 at message_start, 10,682 in message_delta)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, { input_tokens: 2_679, output_tokens: 3 }) +
          text +
          messageDelta({ input_tokens: 10_682, output_tokens: 510 }) +
          messageStop,
      ),
    row: { ...exact, input_tokens: 10_682, output_tokens: 510 },
    cost: cost({ input: 10_682, output: 510 }),
  },
  {
    name: 'cache writes that grow, without a split',
    rule: 'the growth counts as 5-minute writes; the split of the start stays',
    source: 'facts 2 (failing that treat the growth as 5m)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, {
          input_tokens: 4,
          cache_creation_input_tokens: 100,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
          output_tokens: 1,
        }) +
          text +
          messageDelta({ cache_creation_input_tokens: 150, output_tokens: 20 }) +
          messageStop,
      ),
    row: { ...exact, cache_write_1h_tokens: 100, cache_write_5m_tokens: 50 },
    cost: cost({ input: 4, write1h: 100, write5m: 50, output: 20 }),
  },
  {
    name: 'cache writes without any split',
    rule: 'all 5-minute writes',
    source: 'facts 1, 2',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, { usage: { input_tokens: 1, cache_creation_input_tokens: 60, output_tokens: 2 } }),
      ),
    row: { ...exact, cache_write_5m_tokens: 60, cache_write_1h_tokens: 0 },
    cost: cost({ input: 1, write5m: 60, output: 2 }),
  },
  {
    name: 'gzip without a header',
    rule: 'the first bytes decide where the header says nothing',
    source: 'facts 3, compression',
    answer: (response, id) => endStream(response, gzipSync(whole(id, 'end_turn', 77))),
    row: { ...exact, ...known, output_tokens: 77 },
    cost: cost({ input: 40, read: 7, output: 77 }),
  },
  {
    name: 'CRLF line breaks',
    rule: 'LF, CRLF and CR end a line',
    source: 'WHATWG server-sent events, 9.2.5',
    answer: (response, id) => endStream(response, whole(id, 'end_turn', 78).replaceAll('\n', '\r\n')),
    row: { ...exact, ...known, output_tokens: 78 },
    cost: cost({ input: 40, read: 7, output: 78 }),
  },
  {
    name: 'an answer without usage',
    rule: 'kept, and unpriced with a reason',
    source: 'design, invariant 7',
    answer: (response, id) => json(response, 200, message(id, { usage: undefined })),
    row: { ...exact, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'a model that no book knows',
    rule: 'kept with its tokens, and unpriced with its name',
    source: 'facts 5 (match ids exactly)',
    answer: (response, id) => json(response, 200, message(id, { model: 'claude-sonnet-5-6' })),
    row: { ...exact, input_tokens: 100, output_tokens: 10, model: 'claude-sonnet-5-6' },
    cost: null,
  },
];
