/**
 * A conversation of the demo as an agent holds it: the whole history is sent again each turn, with a cache mark on the system prompt and on the
 * newest message. It starts over before its context is full, so its size is bounded. Pure: every function returns a new one.
 */
import type Anthropic from '@anthropic-ai/sdk';

import type { Desk } from './team-members.ts';
import { excerpt, question, systemPrompt, type Draw } from './team-texts.ts';

export type Conversation = {
  readonly desk: Desk;
  /** Named to the proxy by a client like Claude Code. */
  readonly session: string;
  readonly messages: readonly Turn[];
};

type Turn = { readonly role: 'user' | 'assistant'; readonly content: readonly TurnBlock[] };
type TurnBlock = Anthropic.TextBlockParam | Anthropic.ToolUseBlockParam | Anthropic.ToolResultBlockParam;

/** Below the context limit that the proxy has by default (100,000): the demo shows the warnings, not the refusal. */
export const contextTokensMax = 95_000;
const answerTokensMax = 1_200;
/** Enough for a system prompt that is worth caching (1,024 tokens). */
const houseRules = 80;
/** What a token of these texts is, roughly. */
const charactersPerToken = 3.5;

const tools: Anthropic.Tool[] = [
  {
    name: 'read_file',
    description: 'Reads a file of the repository.',
    input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  },
  {
    name: 'search',
    description: 'Finds the lines of the repository that hold a text.',
    input_schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
];

export function openConversation(desk: Desk, draw: Draw): Conversation {
  return { desk, session: sessionId(draw), messages: [userTurn(draw, desk.firstLines)] };
}

/** The next question after an answer, in the same conversation or, once the context would be full, in a new one. */
export function continueConversation(before: Conversation, answer: Anthropic.Message, draw: Draw): Conversation {
  const { desk } = before;
  const results = answer.content.flatMap((block) =>
    block.type === 'tool_use' ? [toolResult(block.id, draw, desk.linesPerTurn)] : [],
  );
  const next: Turn = results.length > 0 ? { role: 'user', content: results } : userTurn(draw, desk.linesPerTurn);
  const contextTokens = contextTokensOf(answer) + JSON.stringify(next).length / charactersPerToken;
  if (contextTokens > contextTokensMax) return openConversation(desk, draw);
  const said: Turn = { role: 'assistant', content: answer.content.flatMap(saidBlock) };
  return { ...before, messages: [...before.messages, said, next] };
}

export function requestOf({ desk, messages }: Conversation): Anthropic.MessageCreateParamsNonStreaming {
  const { model, role, systemTtl, hasTools } = desk;
  const system = systemPrompt(role, houseRules);
  return {
    model,
    max_tokens: answerTokensMax,
    system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral', ttl: systemTtl } }],
    ...(hasTools ? { tools } : {}),
    messages: messages.map((turn, index) => turnParam(turn, index === messages.length - 1)),
  };
}

/** The mark moves on to the newest message: each turn reads what the last one wrote. */
function turnParam({ role, content }: Turn, isNewest: boolean): Anthropic.MessageParam {
  const marked = content.map((block, index) =>
    isNewest && index === content.length - 1 ? { ...block, cache_control: { type: 'ephemeral' as const } } : block,
  );
  return { role, content: marked };
}

function userTurn(draw: Draw, lines: number): Turn {
  return { role: 'user', content: [{ type: 'text', text: `${question(draw)}\n\n${excerpt(draw, lines)}` }] };
}

function toolResult(id: string, draw: Draw, lines: number): Anthropic.ToolResultBlockParam {
  return { type: 'tool_result', tool_use_id: id, content: excerpt(draw, lines) };
}

function saidBlock(block: Anthropic.ContentBlock): TurnBlock[] {
  if (block.type === 'text') return [{ type: 'text', text: block.text }];
  if (block.type === 'tool_use') return [{ type: 'tool_use', id: block.id, name: block.name, input: block.input }];
  return [];
}

function contextTokensOf({ usage }: Anthropic.Message): number {
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  return usage.input_tokens + cached + usage.output_tokens;
}

/** In the shape of a UUID, as Claude Code names its sessions. */
function sessionId(draw: Draw): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(draw() * 16).toString(16)).join('');
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}
