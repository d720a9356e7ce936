/** Request bodies as a client of the Messages API sends them: what the load posts, of any size. */

const text =
  'Please read the file and tell what it does. The function “settle” takes a call and its outcome,\n' +
  'and writes one row:\n\tconst { seq } = insert(call, facts); // 42 columns\n';

export type BodyWish = {
  readonly isStream: boolean;
  /** At least; a body is a little larger, since it is made of whole messages. */
  readonly bytes: number;
  /** Tells the conversations of a load apart. */
  readonly conversation: string;
};

/** Turns of about 4 KB each, as an agent's conversation grows; the first message names the conversation. */
export function requestBody({ isStream, bytes, conversation }: BodyWish): Buffer {
  const start = { model: 'claude-sonnet-5-5', max_tokens: 1_024, stream: isStream };
  const messages: { role: string; content: unknown }[] = [
    { role: 'user', content: `${conversation}: ${text.repeat(4)}` },
  ];
  const turn = text.repeat(24);
  const turnBytes = Buffer.byteLength(JSON.stringify(turn)) + 60;
  for (let size = 900; size < bytes; size += turnBytes) {
    const role = messages.length % 2 === 0 ? 'user' : 'assistant';
    messages.push({ role, content: [{ type: 'text', text: turn }] });
  }
  return Buffer.from(JSON.stringify({ ...start, messages }));
}
