/** Who the demo's people are and what they write: short sentences of software work, put together from word lists. */

export type Colleague = {
  readonly member: string;
  readonly project: string;
  readonly model: string;
  readonly client: 'claude-cli' | 'sdk';
  readonly system: string;
  /** Between one answer and the next question, on average. */
  readonly pauseMs: number;
  /** Chance of a new conversation after a turn. */
  readonly startsOverOften: number;
  /** Lines of file content that a question brings along. */
  readonly linesPerQuestion: number;
};

export const colleagues: readonly Colleague[] = [
  {
    member: 'alice',
    project: 'webshop',
    model: 'claude-opus-5-5',
    client: 'claude-cli',
    system: 'You are a coding agent in the webshop repository.',
    pauseMs: 1_500,
    startsOverOften: 0.01,
    linesPerQuestion: 130,
  },
  {
    member: 'bo',
    project: 'webshop',
    model: 'claude-sonnet-5-5',
    client: 'sdk',
    system: 'You help to tune the product search.',
    pauseMs: 2_500,
    startsOverOften: 0.04,
    linesPerQuestion: 60,
  },
  {
    member: 'carla',
    project: 'ops',
    model: 'claude-haiku-5-5',
    client: 'sdk',
    system: 'You read server logs and say what matters.',
    pauseMs: 1_800,
    startsOverOften: 0.3,
    linesPerQuestion: 40,
  },
  {
    member: 'bo',
    project: 'research',
    model: 'claude-fable-5-2',
    client: 'sdk',
    system: 'You compare design options and name their costs.',
    pauseMs: 6_000,
    startsOverOften: 0.1,
    linesPerQuestion: 25,
  },
];

const tasks = [
  'find out why',
  'explain how',
  'write a test that shows when',
  'list every place where',
  'propose a smaller way in which',
] as const;
const subjects = [
  'the cart total',
  'the search index',
  'the nightly import',
  'the session cookie',
  'the price cache',
  'the retry queue',
] as const;
const happenings = [
  'is computed twice',
  'goes stale after a deploy',
  'misses the last row',
  'is slow on Mondays',
  'is read before it is written',
] as const;

function pick<T>(list: readonly [T, ...T[]], fraction: () => number): T {
  return list[Math.floor(fraction() * list.length)] ?? list[0];
}

function sentence(fraction: () => number): string {
  return `Please ${pick(tasks, fraction)} ${pick(subjects, fraction)} ${pick(happenings, fraction)}.`;
}

export function firstQuestion(colleague: Colleague, fraction: () => number): string {
  return `${sentence(fraction)}\n\n${excerpt(colleague, fraction, 6)}`;
}

export function followUp(colleague: Colleague, fraction: () => number): string {
  return `${sentence(fraction)}\n\n${excerpt(colleague, fraction, 1)}`;
}

/** Lines as a tool would paste them from a file. */
function excerpt({ project, linesPerQuestion }: Colleague, fraction: () => number, times: number): string {
  const first = Math.floor(fraction() * 400);
  const count = Math.round(linesPerQuestion * times * (0.5 + fraction()));
  const lines = Array.from(
    { length: count },
    (_, index) => `${first + index}  ${project}: ${pick(subjects, fraction)} ${pick(happenings, fraction)}`,
  );
  return lines.join('\n');
}
