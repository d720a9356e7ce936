/**
 * A prompt as a chain of hashes: one link for each message, made of the link before it and the message. Two prompts that begin alike share their first
 * links, so that one extends another exactly when the other's last link stands among its own. Pure; the hash is a parameter. Keeps no content.
 *
 * What clients change from turn to turn without meaning another conversation does not change a link: cache marks, a string written as one text block,
 * thinking that is stripped, empty text blocks, citations of an answer, who called a tool. The system prompt and the tools are hashed beside the chain,
 * not in it: a conversation goes on when a tool is added. Claude Code's attribution block, which differs with every request, is left out.
 */
import { isWireObject, readText, type WireObject } from './usage.ts';

/** At least 128 bits of it, as text. */
export type HashText = (text: string) => string;

export type PromptChain = {
  readonly system: string;
  readonly tools: string;
  readonly hasTools: boolean;
  /** `links[i]` stands for all messages up to and including the i-th. Never empty. */
  readonly links: readonly string[];
  /** Each message by itself, which finds those that a compaction has kept; empty for one too short to be told from another's ("yes"). */
  readonly messages: readonly string[];
};

/** Characters, with what frames them. */
const distinctiveLength = 200;

/** Null when the request has no message list: there is nothing to know a conversation by. */
export function promptChain(request: WireObject, hash: HashText): PromptChain | null {
  const list = listOf(request['messages']);
  if (list.length === 0) return null;
  const messages: string[] = [];
  const links: string[] = [];
  for (const message of list) {
    const text = messageText(message);
    const own = hash(text);
    messages.push(text.length < distinctiveLength ? '' : own);
    const before = links.at(-1);
    // The first stands for itself: most calls of scripts have one message.
    links.push(before === undefined ? own : hash(before + own));
  }
  const tools = listOf(request['tools']);
  return {
    system: hashOf(systemText(request['system']), hash),
    tools: hashOf(tools.map(plainText).join('\n'), hash),
    hasTools: tools.length > 0,
    links,
    messages,
  };
}

/** Most requests have neither tools nor a system prompt; what is not there is not hashed. */
function hashOf(text: string, hash: HashText): string {
  return text === '' ? '' : hash(text);
}

function messageText(message: unknown): string {
  return isWireObject(message) ? `${String(message['role'])}\n${contentText(message['content'])}` : plainText(message);
}

function systemText(system: unknown): string {
  const isAttribution = (part: unknown) =>
    isWireObject(part) && (readText(part['text'])?.startsWith('x-anthropic-billing-header') ?? false);
  return contentText(Array.isArray(system) ? listOf(system).filter((part) => !isAttribution(part)) : system);
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return textOf(content);
  let text = '';
  for (const block of listOf(content)) text += isWireObject(block) ? blockText(block) : plainText(block);
  return text;
}

/** Each block says how long it is, so that no two lists of blocks are written alike. */
function blockText(block: WireObject): string {
  switch (block['type']) {
    case 'text':
      return textOf(readText(block['text']) ?? '');
    case 'thinking':
    case 'redacted_thinking':
      return '';
    case 'tool_use':
    case 'server_tool_use':
      return framed('use', `${String(block['id'])}\n${String(block['name'])}\n${plainText(block['input'])}`);
    case 'tool_result':
      return framed('result', `${String(block['tool_use_id'])}\n${contentText(block['content'])}`);
    case 'image':
    case 'document':
      return framed(block['type'], `${plainText(block['title'])}${sourceText(block['source'])}`);
    default:
      return framed('block', plainText(block));
  }
}

function textOf(text: string): string {
  return text === '' ? '' : framed('text', text);
}

/** Base64 longer than this is told by its length and samples: it is compressed, so a change anywhere changes what follows. */
const wholeDataMax = 65_536;
const dataSamples = 64;
const dataSampleLength = 512;

function sourceText(source: unknown): string {
  const data = isWireObject(source) ? readText(source['data']) : null;
  if (data === null || data.length <= wholeDataMax) return data ?? plainText(source);
  const stride = (data.length - dataSampleLength) / (dataSamples - 1);
  let samples = `${data.length}`;
  for (let sample = 0; sample < dataSamples; sample++) {
    const from = Math.floor(sample * stride);
    samples += data.slice(from, from + dataSampleLength);
  }
  return samples;
}

function framed(kind: string, text: string): string {
  return `${kind} ${text.length}\n${text}`;
}

/** JSON without the cache mark at its top, where it stands. */
function plainText(part: unknown): string {
  if (!isWireObject(part) || part['cache_control'] === undefined) return JSON.stringify(part) ?? '';
  const { cache_control: _mark, ...rest } = part;
  return JSON.stringify(rest);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
