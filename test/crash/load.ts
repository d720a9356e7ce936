/**
 * The clients of a crash run: streamed and plain calls, fast and slow, compressed and not, drawn from a seed. Each remembers what it saw: a call is
 * complete to it when it has read `message_stop`, or the whole of a plain answer; the connection may break right behind that.
 */
import { Agent, request } from 'node:http';
import { createGunzip } from 'node:zlib';

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
    let text = '';
    const outgoing = request(`${proxyUrl}/v1/messages`, { method: 'POST', agent, headers }, (answer) => {
      const plain = kind.isGzip ? answer.pipe(createGunzip()) : answer;
      plain.setEncoding('utf8');
      plain.on('data', (part: string) => {
        text += part;
      });
      const end = () => resolve(answer.statusCode === 200 ? seen(text, kind.isStream) : null);
      for (const event of ['end', 'error', 'close']) plain.on(event, end);
      answer.on('error', end);
    });
    outgoing.on('error', () => resolve(null));
    outgoing.end(body);
  });
}

function seen(text: string, isStream: boolean): string | null {
  if (isStream) return text.includes('"type":"message_stop"') ? (/"id":"(msg_[^"]+)"/.exec(text)?.[1] ?? null) : null;
  try {
    return (JSON.parse(text) as { id?: string }).id ?? null;
  } catch {
    // Cut before its end.
    return null;
  }
}
