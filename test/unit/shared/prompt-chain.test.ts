/** The chain of a prompt: what clients change from turn to turn does not change it, and anything else does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashText } from '../../../main/system/hash-text.ts';
import { promptChain } from '../../../shared/prompt-chain.ts';

const chain = (messages: unknown, more: object = {}) => {
  const found = promptChain({ messages, ...more }, hashText);
  if (!found) throw new Error('no messages');
  return found;
};
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const text = (value: string, more: object = {}) => ({ type: 'text', text: value, ...more });
const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };

describe('the chain of a prompt', () => {
  it.each([
    ['a string and one text block', 'Hi', [text('Hi')]],
    ['a cache mark that has moved on', [text('Hi', mark)], [text('Hi')]],
    ['thinking that was stripped', [{ type: 'thinking', thinking: 'Hm', signature: 's' }, text('Hi')], [text('Hi')]],
    ['an empty text block', [text(''), text('Hi')], [text('Hi')]],
    ['citations of an answer', [text('Hi', { citations: [{ cited_text: 'x' }] })], [text('Hi')]],
    [
      'a result written as a string',
      [{ type: 'tool_result', tool_use_id: 'a', content: 'done', ...mark }],
      [{ type: 'tool_result', tool_use_id: 'a', content: [text('done')] }],
    ],
    [
      'who called a tool',
      [{ type: 'tool_use', id: 'a', name: 'f', input: { x: 1 }, caller: { type: 'direct' } }],
      [{ type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }],
    ],
  ])('is the same for %s', (_what, one, other) => {
    expect(chain([user(one), assistant('Yes')]).links).toEqual(chain([user(other), assistant('Yes')]).links);
  });

  it.each([
    ['another text', 'Hi', 'Ho'],
    ['one block cut in two', [text('ab')], [text('a'), text('b')]],
    [
      'another input of a tool',
      [{ type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }],
      [{ type: 'tool_use', id: 'a', name: 'f', input: { x: 2 } }],
    ],
    [
      'another result',
      [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }],
      [{ type: 'tool_result', tool_use_id: 'a', content: 'y' }],
    ],
    [
      'another image',
      [{ type: 'image', source: { type: 'base64', data: 'AAAA' } }],
      [{ type: 'image', source: { type: 'base64', data: 'AAAB' } }],
    ],
    ['a text that looks like the frame of another', [text('a\ntext 1\nb')], [text('a'), text('b')]],
  ])('is another for %s', (_what, one, other) => {
    expect(chain([user(one)]).links).not.toEqual(chain([user(other)]).links);
  });

  it('tells large images apart by their length and by what stands anywhere in them', () => {
    const image = (data: string) => chain([user([{ type: 'image', source: { type: 'base64', data } }])]).links;
    const large = 'abcdefgh'.repeat(50_000);
    expect(image(large)).toEqual(image(large));
    expect(image(`${large}a`)).not.toEqual(image(large));
    expect(image(large.slice(0, -300) + 'x'.repeat(300))).not.toEqual(image(large));
    expect(image(`x${large.slice(1)}`)).not.toEqual(image(large));
  });

  it('is another for another role, and begins alike only as far as the messages do', () => {
    expect(chain([user('Hi')]).links).not.toEqual(chain([assistant('Hi')]).links);
    const short = chain([user('a'), assistant('b')]).links;
    const long = chain([user('a'), assistant('b'), user('c')]).links;
    expect(long.slice(0, 2)).toEqual(short);
    expect(chain([user('x'), assistant('b')]).links[1]).not.toBe(short[1]);
  });

  it('keeps the system prompt and the tools beside it, without Claude Code’s attribution block', () => {
    const attribution = (cch: string) => text(`x-anthropic-billing-header: cc_version=2.1.40; cch=${cch};`);
    const one = chain([user('Hi')], {
      system: [attribution('1'), text('Be kind.', mark)],
      tools: [{ name: 'f', ...mark }],
    });
    const other = chain([user('Hi')], { system: 'Be kind.', tools: [{ name: 'f' }] });
    expect(one).toEqual(other);
    expect(chain([user('Hi')], { system: 'Be terse.' }).links).toEqual(one.links);
    expect(chain([user('Hi')], { system: 'Be terse.' }).system).not.toBe(one.system);
    expect(chain([user('Hi')], { tools: [{ name: 'g' }] }).tools).not.toBe(one.tools);
  });

  it('is nothing without messages, and holds none of the text', () => {
    expect(promptChain({ messages: [] }, hashText)).toBeNull();
    expect(promptChain({ messages: 'Hi' }, hashText)).toBeNull();
    expect(JSON.stringify(chain([user('A secret that must not be kept')], { system: 'secret' }))).not.toContain(
      'secret',
    );
  });

  it('is made of whatever JSON a client sends', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 5 }), { minLength: 1 }), fc.jsonValue(), (messages, system) => {
        expect(chain(messages, { system, tools: system }).links).toHaveLength(messages.length);
      }),
    );
  });
});
