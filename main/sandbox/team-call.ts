/**
 * One call of the demo's team, through the proxy with the real SDK. What a call answers (a 429, a cut stream) is an outcome and never a crash;
 * only what cannot come from the far side is thrown.
 */
import Anthropic from '@anthropic-ai/sdk';

import type { Clock } from '../system/clock.ts';
import { faultHeader } from './anthropic-faults.ts';
import type { Place } from './team-members.ts';

export type CallOutcome =
  | { readonly kind: 'answered'; readonly message: Anthropic.Message }
  /** Nobody accepts connections. */
  | { readonly kind: 'unreachable' }
  /** The request itself will not pass: too long, or over a limit of the proxy. */
  | { readonly kind: 'not_taken' }
  /** Nor will any other for a while. */
  | { readonly kind: 'over_budget' }
  | { readonly kind: 'failed' };

export type TeamCall = {
  readonly client: Anthropic;
  readonly request: Anthropic.MessageCreateParamsNonStreaming;
  readonly isStreamed: boolean;
  readonly session: string | null;
  readonly mishap: Mishap | null;
  readonly signal: AbortSignal;
  readonly clock: Clock;
};

/** What goes wrong with a call on purpose: told to the sandbox, or the person changes their mind. */
export type Mishap =
  | { readonly kind: 'told'; readonly fault: string }
  | { readonly kind: 'abandoned'; readonly afterMs: number };

const userAgent = 'claude-cli/2.1.40 (external, cli)';

export function openClient(proxyUrl: string, { member, project, client, naming }: Place): Anthropic {
  return new Anthropic({
    // The sandbox takes any key; the real Anthropic, were the team ever pointed at it, takes none like this.
    apiKey: 'sk-ant-demo',
    baseURL: naming === 'path' ? `${proxyUrl}/@${member}/${project}` : proxyUrl,
    maxRetries: 0,
    defaultHeaders: {
      ...(client === 'claude-cli' ? { 'user-agent': userAgent } : {}),
      ...(naming === 'headers' ? { 'x-tollkeeper-member': member, 'x-tollkeeper-project': project } : {}),
    },
  });
}

export async function makeCall(call: TeamCall): Promise<CallOutcome> {
  const { client, request, isStreamed, session, mishap, clock } = call;
  const leaving = new AbortController();
  const signal = AbortSignal.any([call.signal, leaving.signal]);
  const abandon = mishap?.kind === 'abandoned' ? clock.after(mishap.afterMs, () => leaving.abort()) : null;
  const headers = {
    ...(session === null ? {} : { 'x-claude-code-session-id': session }),
    ...(mishap?.kind === 'told' ? { [faultHeader]: mishap.fault } : {}),
  };
  try {
    const message = isStreamed
      ? await client.messages.stream(request, { headers, signal }).finalMessage()
      : await client.messages.create(request, { headers, signal });
    return { kind: 'answered', message };
  } catch (error) {
    return outcomeOf(error);
  } finally {
    abandon?.cancel();
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof Anthropic.APIUserAbortError) return { kind: 'failed' };
  if (error instanceof Anthropic.APIConnectionError) return { kind: 'unreachable' };
  if (error instanceof Anthropic.BadRequestError) return { kind: 'not_taken' };
  if (error instanceof Anthropic.RateLimitError && error.headers.get('x-should-retry') === 'false')
    return { kind: 'over_budget' };
  if (error instanceof Anthropic.AnthropicError) return { kind: 'failed' };
  // A body cut in the middle reaches the caller of fetch as it is: "terminated", or an AbortError when it was cut by the signal.
  if (error instanceof Error && (error.name === 'AbortError' || error.message === 'terminated'))
    return { kind: 'failed' };
  throw error;
}
