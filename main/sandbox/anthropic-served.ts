/**
 * What the simulated Anthropic has served, as a test wants to find it in the ledger: one record a message, the latest 200,000, kept as flat
 * numbers and shown as `usage` only when asked for. Holds no text.
 */
import type { WireObject } from '../../shared/usage.ts';
import { finalUsage, startUsage, type SandboxMessage } from './anthropic-wire.ts';

export type ServedEnd = 'sending' | 'whole' | 'client_left' | 'fault';

export type ServedMessage = {
  readonly messageId: string;
  readonly requestId: string;
  readonly model: string;
  readonly isStream: boolean;
  /** `usage` as last sent: the final one, or for a message cut short what `message_start` said. */
  readonly usage: WireObject;
  readonly isFinalUsageSent: boolean;
  readonly stopReason: string;
  readonly deltasSent: number;
  /** Of thinking, text and tool input, as the client received it. */
  readonly textBytesSent: number;
  /** Of the body, as it is on the wire. */
  readonly bodyBytesSent: number;
  readonly end: ServedEnd;
};

/** Changed by the sender while the message is on its way. */
export type ServedRecord = {
  readonly messageId: string;
  readonly requestId: string;
  readonly model: string;
  readonly isStream: boolean;
  readonly inputTokens: number;
  readonly readTokens: number;
  readonly write5mTokens: number;
  readonly write1hTokens: number;
  readonly outputTokens: number;
  readonly thinkingTokens: number;
  readonly stopReason: SandboxMessage['reply']['stopReason'];
  readonly inferenceGeo: SandboxMessage['inferenceGeo'];
  readonly speed: SandboxMessage['speed'];
  isFinalUsageSent: boolean;
  deltasSent: number;
  textBytesSent: number;
  bodyBytesSent: number;
  end: ServedEnd;
};

export type ServedMessages = {
  readonly begin: (message: SandboxMessage, requestId: string, isStream: boolean) => ServedRecord;
  /** Oldest first. */
  readonly list: () => readonly ServedMessage[];
};

const recordsMax = 200_000;

export function createServedMessages(): ServedMessages {
  const records: ServedRecord[] = [];
  let begun = 0;
  return {
    begin: (message, requestId, isStream) => {
      const record = recordOf(message, requestId, isStream);
      // A ring: shifting a list of this length for every message would cost more than the message.
      records[begun % recordsMax] = record;
      begun += 1;
      return record;
    },
    list: () => {
      const oldest = begun > recordsMax ? begun % recordsMax : 0;
      return [...records.slice(oldest), ...records.slice(0, oldest)].map(served);
    },
  };
}

function recordOf(
  { id, model, use, reply, inferenceGeo, speed }: SandboxMessage,
  requestId: string,
  isStream: boolean,
) {
  const { outputTokens, thinkingTokens, stopReason } = reply;
  const counts = { ...use, outputTokens, thinkingTokens, stopReason, inferenceGeo, speed };
  const progress = { isFinalUsageSent: false, deltasSent: 0, textBytesSent: 0, bodyBytesSent: 0 };
  return { messageId: id, requestId, model, isStream, ...counts, ...progress, end: 'sending' as ServedEnd };
}

function served(record: ServedRecord): ServedMessage {
  const { messageId, requestId, model, isStream, isFinalUsageSent, stopReason } = record;
  const { deltasSent, textBytesSent, bodyBytesSent, end } = record;
  const { outputTokens, thinkingTokens, inferenceGeo, speed } = record;
  const message = { use: record, reply: { blocks: [], outputTokens, thinkingTokens, stopReason }, inferenceGeo, speed };
  const usage = isFinalUsageSent ? finalUsage(message) : startUsage(message);
  const progress = { isFinalUsageSent, deltasSent, textBytesSent, bodyBytesSent, end };
  return { messageId, requestId, model, isStream, stopReason, usage, ...progress };
}
