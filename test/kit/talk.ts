/** A conversation as a plain SDK loop holds it: everything again at each turn, with a cache mark on the newest message. */
import Anthropic from '@anthropic-ai/sdk';

import { bytesPerToken } from '../../main/sandbox/anthropic-tokens.ts';

export type Talk = {
  /** Sends about this many tokens more, as the simulated Anthropic counts, and keeps the answer; when the SDK throws, nothing of the turn is kept. */
  readonly say: (tokens: number) => Promise<Anthropic.Message>;
};

export type TalkOptions = {
  readonly baseUrl: string;
  readonly member: string;
  readonly project: string;
  readonly model: string;
  /** As a client names its session; left out for a loop that names none. */
  readonly session?: string;
  /** A subagent of that session. */
  readonly agent?: string;
};

const word = 'paper ';
const tokensPerWord = word.length / bytesPerToken;

export function openTalk({ baseUrl, member, project, model, session, agent }: TalkOptions): Talk {
  const client = new Anthropic({
    apiKey: 'sk-ant-test',
    baseURL: `${baseUrl}/@${member}/${project}`,
    maxRetries: 0,
    defaultHeaders: { 'x-claude-code-session-id': session ?? null, 'x-claude-code-agent-id': agent ?? null },
  });
  let messages: Anthropic.MessageParam[] = [];
  return {
    say: async (tokens) => {
      const text = `Turn ${messages.length}. ${word.repeat(Math.round(tokens / tokensPerWord))}`;
      const answer = await client.messages.create({
        model,
        max_tokens: 400,
        messages: [...messages, userTurn(text, true)],
      });
      messages = [...messages, userTurn(text, false), { role: 'assistant', content: answer.content }];
      return answer;
    },
  };
}

/** The mark moves on to the newest message: each turn reads what the last one wrote. */
function userTurn(text: string, isNewest: boolean): Anthropic.MessageParam {
  const mark = isNewest ? { cache_control: { type: 'ephemeral' as const } } : {};
  return { role: 'user', content: [{ type: 'text', text, ...mark }] };
}
