/**
 * The demo's team: alice, bo and carla at work on three projects, sending real requests through the proxy to the simulated Anthropic.
 * About one call a second, at most six at once; conversations grow turn after turn as an agent's do, and start over before they are full.
 * What a call answers (a 429, a cut stream) is part of the demo, never a crash of it.
 */
import Anthropic from '@anthropic-ai/sdk';

import { sleep, type Clock } from '../system/clock.ts';
import { faultHeader } from './anthropic-faults.ts';
import { colleagues, firstQuestion, followUp, type Colleague } from './team-words.ts';

export type DemoTeam = { readonly close: () => Promise<void> };

export type DemoTeamOptions = { readonly proxyUrl: string; readonly clock: Clock; readonly fraction: () => number };

type Turn = { readonly role: 'user' | 'assistant'; readonly content: string };
type Thread = { readonly colleague: Colleague; readonly session: string; turns: Turn[]; approximateTokens: number };

/** A conversation starts over before it reaches the context limit of the demo. */
const threadTokensMax = 93_000;
const maxTokens = 1_200;

export function startDemoTeam({ proxyUrl, clock, fraction }: DemoTeamOptions): DemoTeam {
  const stop = new AbortController();
  const workers = colleagues.map((colleague, index) => work(colleague, index));

  async function work(colleague: Colleague, index: number): Promise<void> {
    const client = clientFor(colleague, proxyUrl);
    // One after another at the start, so that the first call is on the screen at once and they do not run in step.
    await sleep(clock, index * 350, stop.signal);
    let thread = newThread(colleague, fraction);
    await sayHello(client, colleague, stop.signal);
    while (!stop.signal.aborted) {
      await takeTurn(client, thread, fraction, stop.signal);
      if (thread.approximateTokens > threadTokensMax || fraction() < colleague.startsOverOften)
        thread = newThread(colleague, fraction);
      await sleep(clock, colleague.pauseMs * (0.5 + fraction()), stop.signal);
    }
  }

  return {
    close: async () => {
      stop.abort();
      await Promise.all(workers);
    },
  };
}

function clientFor({ member, project, client }: Colleague, proxyUrl: string): Anthropic {
  return new Anthropic({
    apiKey: 'sk-ant-demo',
    // Half of the team is named by the address, half by headers: both ways of attribution are shown at work.
    baseURL: client === 'claude-cli' ? `${proxyUrl}/@${member}/${encodeURIComponent(project)}` : proxyUrl,
    maxRetries: 0,
    defaultHeaders: {
      ...(client === 'claude-cli' ? { 'user-agent': 'claude-cli/2.1.40 (external, cli)' } : {}),
      ...(client === 'claude-cli' ? {} : { 'x-tollkeeper-member': member, 'x-tollkeeper-project': project }),
    },
  });
}

/** A short question at the start of the day, answered at once: the meter moves as soon as someone looks. */
async function sayHello(client: Anthropic, { model, system, project }: Colleague, signal: AbortSignal): Promise<void> {
  const content = `What changed in ${project} since yesterday?`;
  await client.messages
    .create({ model, system, max_tokens: 200, messages: [{ role: 'user', content }] }, { signal })
    .catch(refuseSurprise);
}

/** Overloads, limits and a closing proxy are part of the demo; anything else is a bug. */
function refuseSurprise(error: unknown): void {
  if (!(error instanceof Anthropic.AnthropicError) && !(error instanceof Error && error.name === 'AbortError'))
    throw error;
}

function newThread(colleague: Colleague, fraction: () => number): Thread {
  const session = `demo-${Math.floor(fraction() * 2 ** 32).toString(16)}`;
  const content = firstQuestion(colleague, fraction);
  return { colleague, session, turns: [{ role: 'user', content }], approximateTokens: content.length / 3.5 };
}

async function takeTurn(client: Anthropic, thread: Thread, fraction: () => number, signal: AbortSignal): Promise<void> {
  const { colleague } = thread;
  const fault = faultFor(fraction());
  const headers = {
    ...(colleague.client === 'claude-cli' ? { 'x-claude-code-session-id': thread.session } : {}),
    ...(fault === null ? {} : { [faultHeader]: fault }),
  };
  try {
    const stream = client.messages.stream(
      { model: colleague.model, max_tokens: maxTokens, system: colleague.system, messages: marked(thread.turns) },
      { headers, signal },
    );
    const message = await stream.finalMessage();
    const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
    const next = followUp(colleague, fraction);
    thread.turns = [...thread.turns, { role: 'assistant', content: text }, { role: 'user', content: next }];
    thread.approximateTokens += (text.length + next.length) / 3.5;
  } catch (error) {
    // Overloads, limits and a closing proxy are part of the demo; the next turn asks the same again.
    if (!(error instanceof Anthropic.AnthropicError) && !(error instanceof Error && error.name === 'AbortError'))
      throw error;
  }
}

/** The newest message carries the cache mark, as agents do it: each turn reads what the last one wrote. */
function marked(turns: readonly Turn[]): Anthropic.MessageParam[] {
  return turns.map(({ role, content }, index) =>
    index === turns.length - 1
      ? { role, content: [{ type: 'text', text: content, cache_control: { type: 'ephemeral' } }] }
      : { role, content },
  );
}

function faultFor(draw: number): string | null {
  if (draw < 0.015) return 'status=429;retry-after=2';
  if (draw < 0.025) return 'overloaded-after=12';
  if (draw < 0.03) return 'cut-after=9';
  return null;
}
