/** Conversations by their prompts: whatever loops run side by side, fork and retry, each stays one and none is taken for another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashText } from '../../main/system/hash-text.ts';
import { createConversationIndex, type Caller } from '../../shared/conversation-index.ts';
import { promptChain } from '../../shared/prompt-chain.ts';

const plain: Caller = {
  scope: 'alice',
  session: null,
  agent: null,
  parentAgent: null,
  parentSession: null,
  isRetry: false,
};
const chainOf = (texts: readonly string[]) => {
  const messages = texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
  const chain = promptChain({ system: 'The same for all.', messages }, hashText);
  if (!chain) throw new Error('no messages');
  return chain;
};

/** Which of some loops takes the next step. Each step is a request, and on the next one of that loop its answer and a new question. */
const steps = fc.array(fc.nat(4), { minLength: 1, maxLength: 80 });

describe('loops side by side', () => {
  it('with the same system prompt and the same first message are as many conversations as loops, in any order of steps', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (order, areAnsweredAtOnce) => {
        const index = createConversationIndex(hashText);
        const loops = new Map<number, { texts: string[]; ids: string[]; turns: number[] }>();
        for (const loop of order) {
          const known = loops.get(loop) ?? { texts: ['The same question.'], ids: [], turns: [] };
          if (known.ids.length > 0) known.texts.push(`answer ${loop} ${known.ids.length}`, 'And then?');
          loops.set(loop, known);
          const placement = index.place(chainOf(known.texts), plain);
          if (areAnsweredAtOnce) index.end(plain, placement, true);
          known.ids.push(placement.conversation);
          known.turns.push(placement.turn);
        }
        const settled = [...loops.values()].map(({ ids }) => ids.slice(1)).filter((ids) => ids.length > 0);
        for (const ids of settled) expect(new Set(ids).size).toBe(1);
        expect(new Set(settled.map(([id]) => id)).size).toBe(settled.length);
        const firsts = [...loops.values()].map(({ ids }) => ids[0]);
        expect(new Set(firsts).size).toBe(loops.size);
        expect(index.size().conversations).toBe(loops.size);
        for (const { turns } of loops.values()) expect(turns).toEqual(turns.map((_turn, at) => at + 1));
      }),
      { numRuns: 300 },
    );
  });

  it('that fork anywhere name the parent and the turn they left, and go on apart', () => {
    const moves = fc.array(fc.record({ branch: fc.nat(20), cut: fc.nat(20), isFork: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(moves, (list) => {
        const index = createConversationIndex(hashText);
        const ask = (texts: readonly string[]) => {
          const placement = index.place(chainOf(texts), plain);
          index.end(plain, placement, true);
          return placement;
        };
        const branches = [{ id: ask(['start']).conversation, texts: ['start'], turns: 1, own: 0 }];
        for (const [step, { branch, cut, isFork }] of list.entries()) {
          const from = branches[branch % branches.length];
          if (!from) continue;
          // Only a turn of its own is left: what it shares with its parent is the parent's.
          const ownTurns = from.turns - from.own;
          if (isFork && ownTurns > 1) {
            const turn = from.own + 1 + (cut % (ownTurns - 1));
            const texts = [...from.texts.slice(0, turn * 2 - 1), `answer ${step}`, `question ${step}`];
            const placed = ask(texts);
            expect(placed).toMatchObject({ kind: 'forks', parent: from.id, parentTurn: turn, turn: turn + 1 });
            branches.push({ id: placed.conversation, texts, turns: turn + 1, own: turn });
          } else {
            from.texts = [...from.texts, `answer ${step}`, `question ${step}`];
            from.turns++;
            expect(ask(from.texts)).toMatchObject({ kind: 'continues', conversation: from.id, turn: from.turns });
          }
        }
        expect(new Set(branches.map(({ id }) => id)).size).toBe(branches.length);
      }),
      { numRuns: 200 },
    );
  });

  it('that are retried any number of times count each turn once', () => {
    const turns = fc.array(fc.record({ failures: fc.nat(3), isMarked: fc.boolean() }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(turns, (list) => {
        const index = createConversationIndex(hashText);
        const texts = ['start'];
        for (const [number, { failures, isMarked }] of list.entries()) {
          if (number > 0) texts.push(`answer ${number}`, `question ${number}`);
          for (let attempt = 0; attempt <= failures; attempt++) {
            const placement = index.place(chainOf(texts), { ...plain, isRetry: isMarked && attempt > 0 });
            expect(placement.turn).toBe(number + 1);
            expect(placement.kind === 'retries').toBe(attempt > 0);
            index.end(plain, placement, attempt === failures);
          }
        }
        expect(index.size().conversations).toBe(1);
      }),
    );
  });
});
