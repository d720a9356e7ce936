/**
 * The demo's team at work: alice, bo and carla send real requests through the proxy, about one a second and at most six at once. Conversations grow
 * turn after turn and start over before they are full; short errands in between keep the meter moving, from the first second on. Whoever is over a budget
 * does something else for a while, and asks again then.
 */
import type Anthropic from '@anthropic-ai/sdk';

import { backoffMs } from '../system/backoff.ts';
import { sleep, type Clock } from '../system/clock.ts';
import { makeCall, openClient, type CallOutcome, type Mishap } from './team-call.ts';
import { continueConversation, openConversation, requestOf, type Conversation } from './team-conversation.ts';
import { desks, errands, type Errand } from './team-members.ts';
import { excerpt, pick } from './team-texts.ts';

export type DemoTeam = { readonly close: () => Promise<void> };

export type DemoTeamOptions = {
  readonly proxyUrl: string;
  readonly clock: Clock;
  /** Randomness in [0, 1). */
  readonly fraction: () => number;
  /** Stops the team as `close` does. */
  readonly signal?: AbortSignal;
};

const inFlightMax = 6;
const pauseMs = 1_000;
/** The first calls come faster and go well, so that whoever looks sees the meter move. */
const openingCalls = 6;
const openingPauseMs = 300;
/** Of all calls; errands also fill in when every desk waits for an answer. */
const errandShare = 0.35;
const errandTokensMax = 60;
const overBudgetRestMs = 120_000;
const unreachableBackoff = { baseMs: 1_000, capMs: 15_000 };

type Seat = { readonly client: Anthropic; conversation: Conversation; isBusy: boolean };

export function startDemoTeam({ proxyUrl, clock, fraction, signal }: DemoTeamOptions): DemoTeam {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const seats = desks.map((desk): Seat => {
    return { client: openClient(proxyUrl, desk), conversation: openConversation(desk, fraction), isBusy: false };
  });
  const resting = new Set<Errand>();
  const errandClients = new Map(errands.map((errand) => [errand, openClient(proxyUrl, errand)]));
  const inFlight = new Set<Promise<void>>();
  let started = 0;
  let unreachableInARow = 0;

  async function work(): Promise<void> {
    while (!stopped.aborted) {
      if (inFlight.size < inFlightMax) start();
      await sleep(clock, nextPauseMs(), stopped);
    }
    await Promise.all(inFlight);
  }

  function start(): void {
    const call = nextCall().finally(() => inFlight.delete(call));
    inFlight.add(call);
    started += 1;
  }

  function nextCall(): Promise<void> {
    const free = seats.filter(({ isBusy }) => !isBusy);
    const seat = free[Math.floor(fraction() * free.length)];
    // The first call is an errand: it is answered within a second.
    return started === 0 || seat === undefined || fraction() < errandShare ? nextErrand() : takeTurn(seat);
  }

  async function nextErrand(): Promise<void> {
    const [first, ...others] = errands.filter((errand) => !resting.has(errand));
    if (first !== undefined) await runErrand(pick([first, ...others], fraction));
  }

  async function takeTurn(seat: Seat): Promise<void> {
    const { client, conversation } = seat;
    const { isStreamed } = conversation.desk;
    seat.isBusy = true;
    const outcome = await call(client, {
      request: requestOf(conversation),
      isStreamed,
      session: conversation.desk.client === 'claude-cli' ? conversation.session : null,
    });
    if (outcome.kind === 'over_budget') return rest(() => (seat.isBusy = false));
    seat.isBusy = false;
    if (outcome.kind === 'answered') seat.conversation = continueConversation(conversation, outcome.message, fraction);
    // Refused as it stands: a person would begin anew. After any other failure the same turn is tried again.
    if (outcome.kind === 'not_taken') seat.conversation = openConversation(conversation.desk, fraction);
  }

  async function runErrand(errand: Errand): Promise<void> {
    const client = errandClients.get(errand);
    if (client === undefined) throw new Error('unreachable: every errand has a client');
    const content = `${errand.question}\n\n${excerpt(fraction, 12)}`;
    const request = {
      model: errand.model,
      max_tokens: errandTokensMax,
      messages: [{ role: 'user' as const, content }],
    };
    const outcome = await call(client, { request, isStreamed: false, session: null });
    if (outcome.kind !== 'over_budget') return;
    resting.add(errand);
    rest(() => resting.delete(errand));
  }

  function rest(then: () => void): void {
    void sleep(clock, overBudgetRestMs, stopped).then(then);
  }

  type Asked = {
    readonly request: Anthropic.MessageCreateParamsNonStreaming;
    readonly isStreamed: boolean;
    readonly session: string | null;
  };

  async function call(client: Anthropic, asked: Asked): Promise<CallOutcome> {
    const mishap = started < openingCalls ? null : mishapFor(fraction(), asked.isStreamed);
    const outcome = await makeCall({ client, ...asked, mishap, signal: stopped, clock });
    unreachableInARow = outcome.kind === 'unreachable' ? unreachableInARow + 1 : 0;
    return outcome;
  }

  function nextPauseMs(): number {
    if (unreachableInARow > 0) return backoffMs(unreachableBackoff, unreachableInARow, fraction(), pauseMs);
    return (started < openingCalls ? openingPauseMs : pauseMs) * (0.6 + 0.8 * fraction());
  }

  const working = work();
  return {
    close: async () => {
      stop.abort();
      await working;
    },
  };
}

/** Each about once a minute. */
function mishapFor(draw: number, isStreamed: boolean): Mishap | null {
  if (draw < 0.02) return { kind: 'told', fault: 'status=429;retry-after=2' };
  if (!isStreamed) return null;
  if (draw < 0.05) return { kind: 'told', fault: 'overloaded-mid-stream=12' };
  if (draw < 0.08) return { kind: 'abandoned', afterMs: 1_800 };
  return null;
}
