/** What came with one read of a socket is handed on together, in order, and at once. */
import { expect, it } from 'vitest';

import { gatherChunks } from '../../../main/proxy/gather-chunks.ts';

const noFault = (error: Error) => expect.unreachable(error.message);

function gathering() {
  const delivered: string[] = [];
  const { add, flush } = gatherChunks((chunk) => void delivered.push(chunk.toString()), noFault);
  return { delivered, flush, add: (text: string) => add(Buffer.from(text)) };
}

it('a chunk that comes alone is handed on before anything else of the loop runs', async () => {
  const { add, delivered } = gathering();
  add('one');
  expect(delivered).toEqual([]);
  await Promise.resolve();
  expect(delivered).toEqual(['one']);
});

it('chunks that came together are handed on as one, with the last by itself', async () => {
  const { add, delivered } = gathering();
  for (const text of ['one ', 'two ', 'three ', 'four']) add(text);
  await Promise.resolve();
  expect(delivered).toEqual(['one two three ', 'four']);
  add('five');
  await Promise.resolve();
  expect(delivered).toEqual(['one two three ', 'four', 'five']);
});

it('what has gathered goes before whatever is said behind it, and goes once', async () => {
  const { add, flush, delivered } = gathering();
  add('one ');
  add('two');
  flush();
  expect(delivered).toEqual(['one ', 'two']);
  flush();
  await Promise.resolve();
  expect(delivered).toEqual(['one ', 'two']);
});

it('more than a read of a socket is not held', () => {
  const { add, delivered } = gathering();
  const half = 'x'.repeat(32 * 1024);
  add(half);
  expect(delivered).toEqual([]);
  add(half);
  expect(delivered).toEqual([half, half]);
});

it('what is handed on may bring more of itself, which follows', async () => {
  const delivered: string[] = [];
  const { add } = gatherChunks((chunk) => {
    delivered.push(chunk.toString());
    if (delivered.length === 1) add(Buffer.from('again'));
  }, noFault);
  add(Buffer.from('one '));
  add(Buffer.from('two'));
  await Promise.resolve();
  await Promise.resolve();
  expect(delivered).toEqual(['one ', 'two', 'again']);
});
