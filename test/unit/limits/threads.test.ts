/** Message threads by the answers they go on from. */
import { describe, expect, it } from 'vitest';

import { createThreads } from '../../../main/limits/threads.ts';

describe('a message thread', () => {
  it('is the conversation of the answer that it goes on from, and a fork of it each time after the first', () => {
    const threads = createThreads();
    threads.answered('alice', { previousMessageId: null, messageId: 'm1', conversation: 'c' });
    expect(threads.place('alice', 'm1')).toEqual({ conversation: 'c', parent: null });
    // Asked and not answered: the same again is no fork.
    expect(threads.place('alice', 'm1')).toEqual({ conversation: 'c', parent: null });
    threads.answered('alice', { previousMessageId: 'm1', messageId: 'm2', conversation: 'c' });
    expect(threads.place('alice', 'm2')).toEqual({ conversation: 'c', parent: null });
    expect(threads.place('alice', 'm1')).toEqual({ conversation: 'thread_m1', parent: 'c' });
    threads.answered('alice', { previousMessageId: 'm1', messageId: 'm3', conversation: 'thread_m1' });
    expect(threads.place('alice', 'm3')).toEqual({ conversation: 'thread_m1', parent: null });
    expect(threads.place('alice', 'm1')).toEqual({ conversation: 'thread_m1_2', parent: 'c' });
  });

  it('is known to who began it alone, and not when its answer was never seen here', () => {
    const threads = createThreads();
    threads.answered('alice', { previousMessageId: 'gone', messageId: 'm1', conversation: 'c' });
    expect([threads.place('bo', 'm1'), threads.place('alice', 'gone')]).toEqual([null, null]);
  });

  it('is remembered for the newest ten thousand answers', () => {
    const threads = createThreads();
    for (let index = 0; index < 10_500; index++)
      threads.answered('alice', { previousMessageId: null, messageId: `m${index}`, conversation: 'c' });
    expect([threads.place('alice', 'm499'), threads.place('alice', 'm500')?.conversation]).toEqual([null, 'c']);
  });
});
