/**
 * The documented rules of usage and price (facts/anthropic.md sections 1, 2, 4), written down a second time for the tests and straight from the
 * recorded text and the researched price list: nothing here imports the code under test. Exact, in integers of 10^-18 USD.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = Record<string, unknown>;
type Merged = Json & { isWhole: boolean };

export type Expected = {
  readonly status: 'complete' | 'partial' | 'failed';
  readonly messageId: string | null;
  readonly model: string | null;
  readonly stopReason: string | null;
  readonly input: number;
  readonly write5m: number;
  readonly write1h: number;
  readonly read: number;
  readonly output: number;
  readonly webSearches: number;
  /** Null: unpriced. */
  readonly costNano: bigint | null;
};

const listFile = join(import.meta.dirname, '../../../shared/facts/claude-prices.json');
type Listed = {
  id: string;
  aliases: string[];
  usd_per_mtok: Record<string, number | null>;
  geo_us_multiplier: number | null;
  long_prompt_tier: Record<string, number> | null;
};
const list = existsSync(listFile) ? (JSON.parse(readFileSync(listFile, 'utf8')) as { models: Listed[] }).models : [];

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What the response says, by the merge rules. */
export function expectedOf(status: number, body: string, isStream: boolean): Expected {
  if (status < 200 || status >= 300) return nothing('failed', 0n);
  const message: Merged = isStream ? mergedStream(body) : { ...object(safeJson(body)), isWhole: true };
  const usage = object(message['usage']);
  if (Object.keys(usage).length === 0)
    return {
      ...nothing(message.isWhole ? 'complete' : 'partial', null),
      messageId: text(message['id']),
      model: text(message['model']),
    };
  const passes = passesOf(usage, text(message['stop_reason']));
  const sums = passes.map((pass) => splitOf(pass));
  const add = (pick: (part: ReturnType<typeof splitOf>) => number) =>
    sums.reduce((total, part) => total + pick(part), 0);
  const webSearches = count(object(usage['server_tool_use'])['web_search_requests']);
  return {
    status: message.isWhole ? 'complete' : 'partial',
    messageId: text(message['id']),
    model: text(message['model']),
    stopReason: text(message['stop_reason']),
    input: add((part) => part.input),
    write5m: add((part) => part.write5m),
    write1h: add((part) => part.write1h),
    read: add((part) => part.read),
    output: add((part) => part.output),
    webSearches,
    costNano: costOf(passes, text(message['model']), usage, webSearches),
  };
}

function nothing(status: Expected['status'], costNano: bigint | null): Expected {
  return {
    status,
    messageId: null,
    model: null,
    stopReason: null,
    input: 0,
    write5m: 0,
    write1h: 0,
    read: 0,
    output: 0,
    webSearches: 0,
    costNano,
  };
}

function safeJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** message_start, then every message_delta replaces what is not null; the split stays from the start. */
function mergedStream(body: string): Merged {
  let message: Json = {};
  let usage: Json = {};
  let isWhole = false;
  for (const block of body.replaceAll('\r\n', '\n').split('\n\n')) {
    const data = block
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trim())
      .join('\n');
    const event = object(safeJson(data));
    if (event['type'] === 'message_start') {
      message = object(event['message']);
      usage = { ...object(message['usage']) };
    }
    if (event['type'] === 'content_block_start') {
      const to = object(object(event['content_block'])['to']);
      if (object(event['content_block'])['type'] === 'fallback' && text(to['model']) !== null)
        message = { ...message, model: to['model'] };
    }
    if (event['type'] === 'message_delta') {
      message = { ...message, stop_reason: object(event['delta'])['stop_reason'] ?? message['stop_reason'] };
      for (const [key, value] of Object.entries(object(event['usage']))) if (value !== null) usage[key] = value;
    }
    if (event['type'] === 'message_stop') isWhole = true;
  }
  return { ...message, usage, isWhole };
}

function passesOf(usage: Json, stopReason: string | null): Json[] {
  const listed = Array.isArray(usage['iterations']) ? usage['iterations'].map(object) : [];
  const passes = listed.length > 0 ? listed : [{ ...usage, type: 'message', model: null }];
  const hasFallback = passes.some((pass) => pass['type'] === 'fallback_message');
  return passes.filter((pass) => {
    if (count(pass['output_tokens']) > 0) return true;
    return stopReason !== 'refusal' && !(hasFallback && pass['type'] === 'message');
  });
}

function splitOf(usage: Json) {
  const split = object(usage['cache_creation']);
  const total = count(usage['cache_creation_input_tokens']);
  const write1h = count(split['ephemeral_1h_input_tokens']);
  const write5m = Math.max(count(split['ephemeral_5m_input_tokens']), total - write1h);
  return {
    input: count(usage['input_tokens']),
    write5m,
    write1h,
    read: count(usage['cache_read_input_tokens']),
    output: count(usage['output_tokens']),
  };
}

/** Decimal dollars per million tokens as 10^-18 USD per token × 10: exact for up to eleven decimals, and room for ×1.1. */
function unit(usdPerMillion: number): bigint {
  return BigInt(Math.round(usdPerMillion * 1e6)) * 1_000_000n;
}

function costOf(passes: Json[], messageModel: string | null, usage: Json, webSearches: number): bigint | null {
  // A location of a cloud's own (Google Cloud adds 10 % on some): a field that sets a price, with a value that no rule names.
  const geo = text(usage['inference_geo']) ?? '';
  if (!['', 'us', 'global', 'not_available'].includes(geo)) return null;
  let atto = BigInt(webSearches) * 10n ** 16n;
  for (const pass of passes) {
    const id = (text(pass['model']) ?? messageModel ?? '').replace(/\[1m\]$/, '');
    const listed = list.find((entry) => entry.id === id || entry.aliases.includes(id));
    if (!listed) return null;
    const part = splitOf(pass);
    const prompt = part.input + part.write5m + part.write1h + part.read;
    const tier =
      listed.long_prompt_tier && prompt > (listed.long_prompt_tier['threshold_tokens'] ?? Infinity)
        ? listed.long_prompt_tier
        : null;
    const prices: Record<string, number | null | undefined> = tier ?? listed.usd_per_mtok;
    const batch = usage['service_tier'] === 'batch' ? 'batch_' : '';
    const tenths = geo === 'us' && listed.geo_us_multiplier !== null ? 11n : 10n;
    for (const [name, quantity] of [
      ['input', part.input],
      ['cache_write_5m', part.write5m],
      ['cache_write_1h', part.write1h],
      ['cache_read', part.read],
      ['output', part.output],
    ] as const) {
      const price = prices[`${batch}${name}`];
      if (quantity === 0) continue;
      if (price === null || price === undefined) return null;
      atto += (BigInt(quantity) * unit(price) * tenths) / 10n;
    }
  }
  return halfEven(atto, 10n ** 9n);
}

function halfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const twice = (value % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}
