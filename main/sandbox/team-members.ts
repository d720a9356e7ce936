/**
 * Who the demo's team is and what each of them works on: the conversations that grow, one a desk, and the small errands in between.
 * Plain data. Half of it is named by the address and half by headers, so that both ways of attribution are at work.
 */

export type Place = {
  readonly member: 'alice' | 'bo' | 'carla';
  readonly project: 'webshop' | 'ops' | 'research';
  readonly model: string;
  /** A client like Claude Code, or the plain SDK. */
  readonly client: 'claude-cli' | 'sdk';
  readonly naming: 'path' | 'headers';
};

/** A conversation that goes on turn after turn. */
export type Desk = Place & {
  readonly role: string;
  readonly isStreamed: boolean;
  readonly hasTools: boolean;
  /** How long the system prompt is kept by the prompt cache. */
  readonly systemTtl: '5m' | '1h';
  /** Lines of files that the first question and each later one bring along, on average; a line is some 18 tokens. */
  readonly firstLines: number;
  readonly linesPerTurn: number;
};

/** A short question without a history, answered whole. */
export type Errand = Place & { readonly question: string };

const opus = 'claude-opus-5-5';
const sonnet = 'claude-sonnet-5-5';
const haiku = 'claude-haiku-5-5';
/** Every model that the team calls. */
export const teamModels: readonly string[] = [opus, sonnet, haiku];

const alice = { member: 'alice', client: 'claude-cli', naming: 'path' } as const;
const bo = { member: 'bo', client: 'sdk', naming: 'headers' } as const;
const carla = { member: 'carla', client: 'sdk', naming: 'headers' } as const;
const agent = { isStreamed: true, hasTools: true, systemTtl: '5m' } as const;
const assistant = { hasTools: false, systemTtl: '5m' } as const;

export const desks: readonly [Desk, ...Desk[]] = [
  {
    ...alice,
    ...agent,
    project: 'webshop',
    model: opus,
    role: 'You are a coding agent in the webshop repository.',
    firstLines: 350,
    linesPerTurn: 270,
  },
  {
    ...alice,
    ...agent,
    project: 'ops',
    model: sonnet,
    role: 'You are a coding agent in the deployment repository.',
    firstLines: 160,
    linesPerTurn: 180,
  },
  {
    ...bo,
    ...assistant,
    project: 'webshop',
    model: sonnet,
    isStreamed: true,
    role: 'You help to tune the product search.',
    firstLines: 120,
    linesPerTurn: 90,
  },
  {
    ...bo,
    ...assistant,
    project: 'research',
    model: opus,
    isStreamed: false,
    systemTtl: '1h',
    role: 'You compare design options and name what they cost.',
    firstLines: 900,
    linesPerTurn: 110,
  },
  {
    ...carla,
    ...assistant,
    project: 'ops',
    model: haiku,
    isStreamed: true,
    role: 'You read server logs and say what matters.',
    firstLines: 420,
    linesPerTurn: 200,
  },
];

export const errands: readonly [Errand, ...Errand[]] = [
  { ...alice, project: 'webshop', model: haiku, question: 'Give this session a title of five words at most.' },
  { ...carla, project: 'ops', model: haiku, question: 'Is this alert about the disk, the network or neither?' },
  { ...bo, project: 'webshop', model: sonnet, question: 'Which of these queries has a spelling mistake?' },
  { ...carla, project: 'research', naming: 'path', model: sonnet, question: 'Sum up this note in one sentence.' },
  { ...bo, project: 'research', model: haiku, question: 'Name the three terms that matter most here.' },
];
