/** Sends a message as Anthropic streams it (facts/anthropic.md section 2), at a pace, with faults, compressed if told, and stops when the client leaves. */
import type { ServerResponse } from 'node:http';
import { createBrotliCompress, createGzip, createZstdCompress, constants } from 'node:zlib';
import type { Transform } from 'node:stream';

import type { WireObject } from '../../shared/usage.ts';
import { sleep, type Clock } from '../system/clock.ts';
import type { AnthropicFault } from './anthropic-faults.ts';
import { deltasOf, emptyBlock, type Reply } from './anthropic-reply.ts';

export type StreamEnd = 'whole' | 'client_left' | 'fault';

export type StreamedMessage = { readonly start: WireObject; readonly reply: Reply; readonly finalUsage: WireObject };

export type Sink = { readonly write: (text: string) => Promise<void>; readonly end: () => void };

type Event = { readonly name: string; readonly data: WireObject };

export async function streamMessage(
  response: ServerResponse,
  message: StreamedMessage,
  fault: AnthropicFault,
  delayPerDeltaMs: number,
  clock: Clock,
): Promise<StreamEnd> {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const sink = openSink(response, fault);
  const pauseMs = fault.delayPerDeltaMs ?? delayPerDeltaMs;
  let deltas = 0;
  for (const { name, data } of eventsOf(message)) {
    if (left.signal.aborted) return 'client_left';
    if (name === 'content_block_delta') {
      if (deltas === fault.cutAfter) {
        response.destroy();
        return 'fault';
      }
      if (deltas === fault.overloadedAfter) {
        await sink.write(
          textOf(
            { name: 'error', data: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
            fault,
          ),
        );
        sink.end();
        return 'fault';
      }
      deltas += 1;
      if (pauseMs > 0) await sleep(clock, pauseMs, left.signal);
    }
    if (left.signal.aborted) return 'client_left';
    await sink.write(textOf({ name, data }, fault));
  }
  sink.end();
  return 'whole';
}

function* eventsOf({ start, reply, finalUsage }: StreamedMessage): Generator<Event> {
  yield { name: 'message_start', data: { type: 'message_start', message: start } };
  for (const [index, block] of reply.blocks.entries()) {
    yield {
      name: 'content_block_start',
      data: { type: 'content_block_start', index, content_block: emptyBlock(block) },
    };
    if (index === 0) yield { name: 'ping', data: { type: 'ping' } };
    for (const delta of deltasOf(block))
      yield { name: 'content_block_delta', data: { type: 'content_block_delta', index, delta } };
    yield { name: 'content_block_stop', data: { type: 'content_block_stop', index } };
  }
  const delta = { stop_reason: reply.stopReason, stop_sequence: null };
  yield { name: 'message_delta', data: { type: 'message_delta', delta, usage: finalUsage } };
  yield { name: 'message_stop', data: { type: 'message_stop' } };
}

function textOf({ name, data }: Event, fault: AnthropicFault): string {
  const text = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  return fault.isCrlf ? text.replaceAll('\n', '\r\n') : text;
}

/** Compressed streams are flushed event by event, as Anthropic's edge does; else a client would see nothing until the end. */
function openSink(response: ServerResponse, fault: AnthropicFault): Sink {
  const compressor = fault.encoding === undefined ? null : openCompressor(fault.encoding);
  if (!compressor) {
    return { write: (text) => drained(response, text), end: () => void response.end() };
  }
  compressor.pipe(response);
  return {
    write: (text) => new Promise((resolve) => compressor.write(text, () => resolve())),
    end: () => void compressor.end(),
  };
}

function drained(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

export function openCompressor(encoding: 'gzip' | 'br' | 'zstd'): Transform {
  switch (encoding) {
    case 'gzip':
      return createGzip({ flush: constants.Z_SYNC_FLUSH });
    case 'br':
      return createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH });
    case 'zstd':
      return createZstdCompress({ flush: constants.ZSTD_e_flush });
  }
}
