/**
 * Sends a message at a pace, whole or as a stream, with the faults it is told, and stops when the client leaves. Writes down in the record what
 * was really sent.
 */
import type { ServerResponse } from 'node:http';

import { sleep, type Clock } from '../system/clock.ts';
import { openAnswerBody, type AnswerBody } from './anthropic-body.ts';
import type { AnthropicFault } from './anthropic-faults.ts';
import type { ServedEnd, ServedRecord } from './anthropic-served.ts';
import {
  deltaCountOf,
  eventText,
  streamEvent,
  streamEvents,
  wholeMessage,
  type SandboxMessage,
  type StreamEvent,
} from './anthropic-wire.ts';
import type { Headers } from './http.ts';

export type Sending = {
  readonly message: SandboxMessage;
  readonly record: ServedRecord;
  readonly headers: Headers;
  readonly fault: AnthropicFault;
  /** Aborts when the client leaves. */
  readonly left: AbortSignal;
  readonly delayPerDeltaMs: number;
  readonly clock: Clock;
};

const overloaded = streamEvent('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });

export async function sendMessage(response: ServerResponse, sending: Sending): Promise<void> {
  const { record } = sending;
  // An answer takes as long to write whole as it does as a stream; nothing is sent meanwhile.
  const writingMs = record.isStream ? 0 : deltaCountOf(sending.message.reply) * sending.delayPerDeltaMs;
  if (writingMs > 0) await sleep(sending.clock, writingMs, sending.left);
  if (sending.left.aborted) {
    record.end = 'client_left';
    return;
  }
  const body = openAnswerBody(response, sending.fault);
  record.end = record.isStream ? await sendStream(response, body, sending) : await sendWhole(response, body, sending);
  record.bodyBytesSent = body.bytesSent();
}

async function sendWhole(response: ServerResponse, body: AnswerBody, sending: Sending): Promise<ServedEnd> {
  const { message, record, fault } = sending;
  const text = JSON.stringify(wholeMessage(message));
  const length = fault.encoding === undefined ? { 'content-length': Buffer.byteLength(text) } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...sending.headers, ...length, ...encodingOf(fault) });
  await body.write(text);
  const end = endOf(await body.end(), sending);
  record.isFinalUsageSent = end === 'whole';
  return end;
}

async function sendStream(response: ServerResponse, body: AnswerBody, sending: Sending): Promise<ServedEnd> {
  const { message, record, fault } = sending;
  const type = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
  response.writeHead(200, { ...type, ...sending.headers, ...encodingOf(fault) });
  for (const event of streamEvents(message)) {
    const interruption = event.name === 'content_block_delta' ? await beforeDelta(response, body, sending) : null;
    if (interruption !== null) return interruption;
    if (!(await body.write(eventText(event, fault.isCrlf === true)))) return endOf(false, sending);
    note(event, record);
  }
  return endOf(await body.end(), sending);
}

/** The pace, and what may happen instead of the next delta. */
async function beforeDelta(response: ServerResponse, body: AnswerBody, sending: Sending): Promise<ServedEnd | null> {
  const { record, fault, left, clock, delayPerDeltaMs } = sending;
  if (record.deltasSent === fault.cutAfterDeltas) {
    response.destroy();
    return 'fault';
  }
  if (record.deltasSent === fault.overloadedAfterDeltas) {
    await body.write(eventText(overloaded, fault.isCrlf === true));
    await body.end();
    return 'fault';
  }
  if (delayPerDeltaMs > 0) await sleep(clock, delayPerDeltaMs, left);
  return left.aborted ? 'client_left' : null;
}

function note(event: StreamEvent, record: ServedRecord): void {
  if (event.name === 'content_block_delta') record.deltasSent += 1;
  if (event.name === 'message_delta') record.isFinalUsageSent = true;
  record.textBytesSent += event.textBytes;
}

function endOf(isWhole: boolean, { fault }: Sending): ServedEnd {
  if (isWhole) return 'whole';
  return fault.cutAfterBytes === undefined ? 'client_left' : 'fault';
}

function encodingOf({ encoding, isEncodingSilent }: AnthropicFault): Headers {
  return encoding === undefined || isEncodingSilent ? {} : { 'content-encoding': encoding };
}
