/** The ways in which a call can end when the upstream falls silent for longer than `upstreamTimeoutSeconds` (see ending-table.ts). */
import { messageDelta } from '../kit/sse-text.ts';
import { cost, known, ofRow, start, stream, text, type Ending } from './ending-table.ts';

const partial = { status: 'partial', estimated: true } as const;

export const timeoutEndings: readonly Ending[] = [
  {
    name: 'no answer before the limit',
    rule: '504 for the client; it may have run: unpriced, never $0',
    source: 'facts 3 (504 timeout_error), 11 (not documented)',
    answer: () => {},
    row: { ...partial, http_status: null, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'headers, and then silence',
    rule: 'cut, as a broken connection; it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: (response) => stream(response, ': \n\n'),
    row: { ...partial, http_status: 200, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'silence in mid-text',
    rule: 'cut; output is estimated from the text sent',
    source: 'facts 2 (client abort: practice), 11',
    answer: (response, id) => stream(response, start(id) + text),
    row: { ...partial, ...known },
    cost: ofRow,
  },
  {
    name: 'silence behind the last message_delta',
    rule: 'cut; the delta with the stop reason is cumulative and final: exact',
    source: 'facts 2 (cumulative: replace, never add)',
    answer: (response, id) => stream(response, start(id) + text + messageDelta({ output_tokens: 95 })),
    row: { status: 'partial', estimated: false, ...known, output_tokens: 95, stop_reason: 'end_turn' },
    cost: cost({ input: 40, read: 7, output: 95 }),
  },
];
