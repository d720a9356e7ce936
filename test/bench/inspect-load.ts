/**
 * A process of its own for the bench: inspects request bodies as the proxy does, again and again, and prints milliseconds of processor time per megabyte
 * as JSON, one list of rounds for each kind of body. Processor time, garbage collection included, since a clock would count the neighbours too.
 * Its argument is the number of rounds.
 */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { inspectRequest } from '../../main/proxy/inspect.ts';

export type InspectRound = {
  readonly name: string;
  readonly megabytes: number;
  readonly msPerMegabyte: readonly number[];
};

const megabyte = 1024 * 1024;

/** A conversation as agents send it: a long system prompt, tools, and turns of text and tool results, up to this many bytes. */
function conversation(bytes: number): Buffer {
  const system = 'You are a careful engineer. '.repeat(700);
  const turn = 'const total = lines.reduce((sum, line) => sum + line.amount, 0); // "quoted" and \\ escaped\n'.repeat(
    40,
  );
  const messages: object[] = [];
  for (let length = system.length; length < bytes; length += turn.length * 1.1) {
    const role = messages.length % 2 === 0 ? 'user' : 'assistant';
    messages.push({ role, content: [{ type: 'text', text: turn }] });
  }
  return Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', stream: true, max_tokens: 4_096, system, messages }));
}

/** A first message with pictures, which are the bulk of it. */
function pictures(bytes: number): Buffer {
  const data = randomBytes((bytes * 3) / 4).toString('base64');
  const source = { type: 'base64', media_type: 'image/png', data };
  const content = [
    { type: 'image', source },
    { type: 'text', text: 'What is on it?' },
  ];
  return Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', messages: [{ role: 'user', content }] }));
}

const bodies = [
  { name: 'conversation, 0.1 MB', body: conversation(megabyte / 10), encoding: null },
  { name: 'conversation, 1 MB', body: conversation(megabyte), encoding: null },
  { name: 'conversation, 20 MB', body: conversation(20 * megabyte), encoding: null },
  { name: 'pictures in the first message, 20 MB', body: pictures(20 * megabyte), encoding: null },
  {
    name: 'conversation, 20 MB, gzip (per MB decoded)',
    body: gzipSync(conversation(20 * megabyte)),
    encoding: 'gzip',
    of: 20,
  },
];

/** So many megabytes a round, so that a small body is not lost in the clock. */
const megabytesPerRound = 20;

function round(body: Buffer, encoding: string | null, megabytes: number): number {
  const times = Math.max(1, Math.round(megabytesPerRound / megabytes));
  const headers = encoding === null ? [] : ['content-encoding', encoding];
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) {
    if (inspectRequest(body, headers).chain === null) throw new Error('the bench expects a body that can be read');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (times * megabytes);
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 5);
  const results: InspectRound[] = bodies.map(({ name, body, encoding, of }) => {
    const megabytes = of ?? body.length / megabyte;
    round(body, encoding, megabytes);
    return { name, megabytes, msPerMegabyte: Array.from({ length: rounds }, () => round(body, encoding, megabytes)) };
  });
  console.log(JSON.stringify(results));
}
