/** The prompt estimate: by content, by model, by the last turn, and corrected by what Anthropic reports. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createPromptCalibration } from '../../../shared/prompt-calibration.ts';
import {
  contextTokensOf,
  estimatePrompt,
  isNearLimit,
  promptTokensByRule,
  showsItsContext,
  type LastTurn,
} from '../../../shared/prompt-estimate.ts';
import { measurePrompt } from '../../../shared/prompt-measure.ts';
import { readUsage } from '../../../shared/usage.ts';

const older = 'claude-sonnet-4-5-20250929';
const newer = 'claude-sonnet-5-5';
const uncorrected = () => 1;
const ask = (content: unknown, more: object = {}) =>
  measurePrompt({ model: older, messages: [{ role: 'user', content }], ...more });
const tokensOf = (content: unknown, more: object = {}) => promptTokensByRule(ask(content, more));
const prose = 'The committee met on Thursday and agreed that the harbour should stay open through the winter. ';

describe('the rule', () => {
  it('finds four to five characters a token in prose, three to four in code, and fewer in JSON and figures', () => {
    const perToken = (text: string) => text.length / (tokensOf(text) - tokensOf(''));
    expect(perToken(prose.repeat(50))).toBeGreaterThan(4.1);
    expect(perToken(prose.repeat(50))).toBeLessThan(5.5);
    const code =
      'export function addCounts(a: Counts, b: Counts): Counts {\n  return { input: a.input + b.input };\n}\n';
    expect(perToken(code.repeat(50))).toBeGreaterThan(2.6);
    expect(perToken(code.repeat(50))).toBeLessThan(4.2);
    expect(perToken('[[1204,553,9917],[20,1]]'.repeat(50))).toBeLessThan(2.5);
  });

  it('is not misled by white space, base64 and other scripts, as a fixed number of characters a token is', () => {
    const indented = `${' '.repeat(40)}end\n`.repeat(200);
    expect(tokensOf(indented)).toBeLessThan(indented.length / 4 / 2);
    const base64 = 'aGVsbG8gd29ybGQhIHRoaXMgaXMgYmFzZTY0'.repeat(200);
    expect(tokensOf(base64)).toBeGreaterThan((base64.length / 4) * 2);
    expect(tokensOf('数据库连接失败'.repeat(100))).toBeGreaterThan(700);
    expect(tokensOf('Привет мир '.repeat(100))).toBeGreaterThan(tokensOf('Hello world '.repeat(100)));
  });

  it('measures a long text by samples, and a large prompt by fewer, within a twentieth of the whole', () => {
    const code = 'export function add(a: Counts, b: Counts): Counts {\n  return { input: a.input + b.input };\n}\n';
    const blocks = Array.from({ length: 400 }, (_, index) => (index % 3 === 0 ? code : prose).repeat(20));
    const wholeTokens = blocks.reduce((sum, text) => sum + tokensOf(text) - tokensOf(''), 0);
    const within = (content: unknown) => expect(Math.abs(tokensOf(content) / wholeTokens - 1)).toBeLessThan(0.05);
    within(blocks.map((text) => ({ type: 'text', text })));
    within(blocks.join(''));
  });

  it('makes some 30 % more of the same text for a model of the newer tokenizer', () => {
    const text = prose.repeat(200);
    expect(tokensOf(text, { model: newer }) / tokensOf(text)).toBeCloseTo(1.3, 1);
    expect(tokensOf(text, { model: null })).toBe(tokensOf(text, { model: newer }));
  });

  it('adds what Anthropic writes itself: instructions for tools, thinking and citations', () => {
    const tools = [{ name: 'read', input_schema: { type: 'object', properties: {} } }];
    const plain = tokensOf('Hi');
    expect(tokensOf('Hi', { tools }) - plain).toBeGreaterThan(497);
    expect(tokensOf('Hi', { tools, tool_choice: { type: 'any' } }) - tokensOf('Hi', { tools })).toBeCloseTo(92, 6);
    expect(tokensOf('Hi', { thinking: { type: 'enabled', budget_tokens: 1024 } }) - plain).toBeCloseTo(29, 6);
    const document = { type: 'document', source: { type: 'text', data: 'Hi' } };
    expect(tokensOf([{ ...document, citations: { enabled: true } }]) - tokensOf([document])).toBeCloseTo(590, 6);
  });

  it('counts an image by its pixels, a result of a tool by what it holds, and neither by the length of its base64', () => {
    const data = Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 3, 0xe8, 0, 0, 3, 0xe8]),
      Buffer.alloc(900_000),
    ]).toString('base64');
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
    expect(tokensOf([image]) - tokensOf([])).toBeCloseTo(1296, 6);
    const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: [image] };
    expect(tokensOf([result]) - tokensOf([])).toBeLessThan(1_400);
  });

  it('does not count what a compaction block has taken the place of, nor cache marks and signatures', () => {
    const long = { role: 'user', content: prose.repeat(500) };
    const compacted = { role: 'assistant', content: [{ type: 'compaction', content: 'They agreed.' }] };
    const last = { role: 'user', content: 'Go on.' };
    const tokens = promptTokensByRule(measurePrompt({ model: older, messages: [long, compacted, last] }));
    expect(tokens).toBeLessThan(50);
    const marked = [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl: '1h' } }];
    expect(tokensOf(marked)).toBe(tokensOf('Hi'));
    expect(tokensOf([{ type: 'thinking', thinking: 'Hm', signature: 'A'.repeat(5_000) }])).toBeLessThan(30);
  });

  it('tells the longest life that the request asks the cache for, wherever the mark stands', () => {
    const mark = (ttl?: string) => ({ cache_control: { type: 'ephemeral', ...(ttl === undefined ? {} : { ttl }) } });
    expect(ask('Hi').cacheLifetime).toBeNull();
    expect(ask([{ type: 'text', text: 'Hi', ...mark() }]).cacheLifetime).toBe('5m');
    expect(
      ask([{ type: 'text', text: 'Hi', ...mark() }], { system: [{ type: 'text', text: 'x', ...mark('1h') }] })
        .cacheLifetime,
    ).toBe('1h');
    expect(ask('Hi', { tools: [{ name: 'f', input_schema: {}, ...mark() }] }).cacheLifetime).toBe('5m');
    expect(ask('Hi', mark('1h')).cacheLifetime).toBe('1h');
  });

  it('survives every JSON there is, and never comes to less than nothing', () => {
    const anything = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(anything, anything, anything, (messages, system, tools) => {
        expect(promptTokensByRule(measurePrompt({ messages, system, tools }))).toBeGreaterThanOrEqual(0);
        expect(tokensOf(messages)).toBeGreaterThan(0);
      }),
    );
    let deep: unknown = 'x';
    for (let level = 0; level < 5_000; level++) deep = { deep };
    expect(tokensOf([{ type: 'tool_use', name: 'f', input: deep }])).toBeGreaterThan(0);
  });

  it('never falls as text is added', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        (some, more) => {
          const both = [
            { type: 'text', text: some },
            { type: 'text', text: more },
          ];
          expect(tokensOf(both)).toBeGreaterThanOrEqual(tokensOf([{ type: 'text', text: some }]));
        },
      ),
    );
  });
});

describe('the estimate', () => {
  const turn: LastTurn = { promptTokens: 50_000, outputTokens: 700, tokensByRule: 40_000, model: older };

  it('takes what Anthropic told of the last turn, and estimates what has been added since alone', () => {
    const measure = ask(prose.repeat(2_500));
    const { tokens, restsOn } = estimatePrompt(measure, turn, uncorrected);
    expect(restsOn).toBe('last_turn');
    expect(tokens).toBe(Math.ceil(50_000 + promptTokensByRule(measure) - 40_000));
  });

  it('knows a message thread from its last turn, and says where it cannot', () => {
    const thread = ask('And now?', { thread: { type: 'continue', previous_message_id: 'msg_1' } });
    expect(estimatePrompt(thread, turn, uncorrected).tokens).toBeGreaterThan(50_700);
    expect(estimatePrompt(thread, turn, uncorrected).tokens).toBeLessThan(50_730);
    expect(estimatePrompt(thread, null, uncorrected).restsOn).toBe('body_in_part');
  });

  it.each([
    ['a tool of Anthropic’s', ask('Hi', { tools: [{ type: 'web_search_20260318', name: 'web_search' }] })],
    ['an image by its address', ask([{ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }])],
    ['a file by its id', ask([{ type: 'document', source: { type: 'file', file_id: 'file_1' } }])],
    ['a context that is edited on the way', ask('Hi', { context_management: { edits: [] } })],
  ])('says that a body with %s does not show its context', (_what, measure) => {
    expect(showsItsContext(measure)).toBe(false);
    expect(estimatePrompt(measure, null, uncorrected).restsOn).toBe('body_in_part');
    expect(estimatePrompt(measure, turn, uncorrected).restsOn).toBe('last_turn');
  });

  it('leaves the last turn aside when its model counts with the other tokenizer', () => {
    expect(estimatePrompt(ask('Hi', { model: newer }), turn, uncorrected).restsOn).toBe('body');
  });

  it('is near a limit within a tenth of it, on either side', () => {
    expect([89_999, 90_000, 100_000, 110_000, 110_001].map((tokens) => isNearLimit(tokens, 100_000))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('takes of several passes the last one for the context, not their sum', () => {
    const usage = readUsage({
      input_tokens: 9_000,
      iterations: [
        { type: 'message', input_tokens: 3_000, output_tokens: 10 },
        { type: 'message', input_tokens: 6_000, output_tokens: 10 },
        { type: 'advisor_message', model: 'claude-opus-5-5', input_tokens: 50_000, output_tokens: 10 },
      ],
    });
    expect(contextTokensOf(usage)).toBe(6_000);
    expect(contextTokensOf(readUsage({ input_tokens: 5, cache_read_input_tokens: 7 }))).toBe(12);
  });
});

describe('the calibration', () => {
  const long = ask(prose.repeat(200));
  const reported = Math.round(promptTokensByRule(long) * 1.25);

  it('moves the estimate to what a model’s own calls came to, and no other model’s', () => {
    const calibration = createPromptCalibration();
    for (let call = 0; call < 40; call++) calibration.learn(long, reported);
    expect(estimatePrompt(long, null, calibration.correction).tokens / reported).toBeCloseTo(1, 1);
    expect(calibration.correction('claude-opus-4-5')).toBe(1);
  });

  it('learns nothing from a prompt whose body does not show what counts, or that came to something else altogether', () => {
    const calibration = createPromptCalibration();
    calibration.learn(ask(prose.repeat(200), { thread: { type: 'continue' } }), 90_000);
    calibration.learn(long, promptTokensByRule(long) * 3);
    calibration.learn(ask('Hi'), 9);
    expect(calibration.snapshot()).toEqual({});
  });

  it('goes on where it stopped, and remembers a bounded number of models', () => {
    const calibration = createPromptCalibration();
    for (let index = 0; index < 250; index++) calibration.learn({ ...long, model: `claude-new-${index}` }, reported);
    const state = calibration.snapshot();
    expect(Object.keys(state)).toHaveLength(100);
    expect(createPromptCalibration(state).correction('claude-new-249')).toBe(calibration.correction('claude-new-249'));
  });

  it('stays between the bounds of what it may learn, whatever it is told', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000_000), { maxLength: 40 }), (reports) => {
        const calibration = createPromptCalibration();
        for (const tokens of reports) calibration.learn(long, tokens);
        expect(calibration.correction(older)).toBeGreaterThanOrEqual(0.4);
        expect(calibration.correction(older)).toBeLessThanOrEqual(2.5);
      }),
    );
  });
});
