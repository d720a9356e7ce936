/**
 * The clients of a crash run: streamed and plain calls, fast and slow, compressed and not, drawn from a seed. Each remembers what it saw: a call is
 * complete to it when it has read `message_stop`, or the whole of a plain answer; the connection may break right behind that.
 */
import { Agent, request } from 'node:http';
import { constants, gunzipSync } from 'node:zlib';

import { callHeader } from './far-side.ts';

export type SeenCall = { readonly name: string; readonly messageId: string };

export type Load = {
  /** Calls that their clients saw complete. */
  readonly complete: readonly SeenCall[];
  readonly asked: () => number;
  /** No further calls; resolves when those under way have ended, one way or the other. */
  readonly stop: () => Promise<void>;
};

export type LoadOptions = {
  readonly proxyUrl: string;
  readonly clients: number;
  /** Names are unique over all rounds. */
  readonly nextName: () => string;
  /** In [0, 1). */
  readonly draw: () => number;
};

type Kind = { readonly isStream: boolean; readonly isGzip: boolean; readonly fault: string };

export function startLoad({ proxyUrl, clients, nextName, draw }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true });
  const complete: SeenCall[] = [];
  let asked = 0;
  let isStopped = false;

  async function runClient(client: number): Promise<void> {
    while (!isStopped) {
      const name = nextName();
      asked += 1;
      const messageId = await call(proxyUrl, agent, { name, client, kind: kindOf(draw()), tokens: 20 + draw() * 400 });
      if (messageId !== null) complete.push({ name, messageId });
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  return {
    complete,
    asked: () => asked,
    stop: async () => {
      isStopped = true;
      await running;
      agent.destroy();
    },
  };
}

function kindOf(fraction: number): Kind {
  if (fraction < 0.45) return { isStream: true, isGzip: false, fault: '' };
  if (fraction < 0.6) return { isStream: true, isGzip: false, fault: 'slow=2' };
  if (fraction < 0.85) return { isStream: false, isGzip: false, fault: '' };
  if (fraction < 0.95) return { isStream: true, isGzip: true, fault: 'encoding=gzip' };
  return { isStream: false, isGzip: true, fault: 'encoding=gzip' };
}

type Call = { readonly name: string; readonly client: number; readonly kind: Kind; readonly tokens: number };

/** The message's id when the call was seen complete; null when it broke off before. */
function call(proxyUrl: string, agent: Agent, { name, client, kind, tokens }: Call): Promise<string | null> {
  const body = JSON.stringify({
    model: client % 2 === 0 ? 'claude-sonnet-5-5' : 'claude-haiku-4-5',
    max_tokens: Math.floor(tokens),
    stream: kind.isStream,
    messages: [{ role: 'user', content: `call ${name}: ${'a question '.repeat(20)}` }],
  });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-api-key': 'sk-ant-crash',
    'x-tollkeeper-member': `m${client}`,
    'x-tollkeeper-customer': `cus_${client % 3}`,
    [callHeader]: name,
    'x-sandbox-fault': kind.fault,
  };
  return new Promise((resolve) => {
    const outgoing = request(`${proxyUrl}/v1/messages`, { method: 'POST', agent, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', () => {});
      answer.on('close', () => {
        const text = textOf(Buffer.concat(parts), kind.isGzip);
        resolve(answer.statusCode === 200 ? seen(text, kind.isStream, answer.complete) : null);
      });
    });
    outgoing.on('error', () => resolve(null));
    outgoing.end(body);
  });
}

/** Of a body that was cut: what had come of it. */
function textOf(bytes: Buffer, isGzip: boolean): string {
  if (!isGzip || bytes.length === 0) return bytes.toString();
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

/** A stream is complete to its client with `message_stop`; a plain answer with the end of its HTTP message, before which no client parses it. */
function seen(text: string, isStream: boolean, isWhole: boolean): string | null {
  const isComplete = isStream ? text.includes('"type":"message_stop"') : isWhole;
  return isComplete ? (/"id":"(msg_[^"]+)"/.exec(text)?.[1] ?? null) : null;
}
