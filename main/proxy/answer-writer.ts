/**
 * Writes an answer to its client. Of a metered call it keeps back the end until the call is settled on the disk, so that what a client has seen
 * complete is complete in the ledger, whatever is killed a moment later.
 *
 * The end is what a client takes for it: the chunk behind which nothing more can come (the stream's `message_stop`, the last byte of a stated
 * length), and of any answer the end of its message. Everything before it passes at once. A compressed stream tells its end only once it is
 * read, so each of its chunks waits for that, in order; the reading takes microseconds.
 * An upstream that has said its last word and keeps the message open is not waited for: the call is settled then, and the end goes.
 * Bounded: an end is kept for `endHeldMaxMs` at the most, and never more than `heldBytesMax`; then it goes, settled or not.
 */
import type { ServerResponse } from 'node:http';

import type { Clock, Timer } from '../system/clock.ts';

export type AnswerWriter = {
  /** `read` resolves when the meter has read the chunk; undefined when it has already. False: send no more until there is room again. */
  readonly write: (chunk: Buffer, read: Promise<void> | undefined) => boolean;
  /** Ends the answer, not before `settled` unless that takes too long. */
  readonly end: (settled: Promise<void> | undefined) => void;
  /** The upstream broke off: runs `cut` behind the last byte that came. */
  readonly cut: (cut: () => void) => void;
};

export type HeldEnd = {
  readonly clock: Clock;
  /** Of what has been read so far. */
  readonly isEndSeen: () => boolean;
  /** Of the body, where the answer states it. */
  readonly statedBytes: () => number | null;
  /** The end was seen and the message goes on: settles the call with what is known. */
  readonly settle: () => Promise<void> | undefined;
  /** There is room again, other than by `drain` of the response. */
  readonly onRoom: () => void;
};

/** The end of a message comes with its last word or right behind it. */
const lingerMs = 100;
/** Against a disk that hangs, which holds up every begin anyway; one that refuses says so at once and keeps nobody. */
export const endHeldMaxMs = 1_000;
const heldBytesMax = 256 * 1024;

export function writeAtOnce(response: ServerResponse): AnswerWriter {
  return {
    write: (chunk) => response.write(chunk),
    end: () => void response.end(),
    cut: (cut) => cut(),
  };
}

export function holdEnd(
  response: ServerResponse,
  { clock, isEndSeen, statedBytes, settle, onRoom }: HeldEnd,
): AnswerWriter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isLetGo = false;
  let timer: Timer | null = null;
  let passedBytes = 0;
  /** Of chunks that wait to be read; null while none does. */
  let reading: Promise<void> | null = null;

  function pass(chunk: Buffer): boolean {
    passedBytes += chunk.length;
    const isEnd = heldBytes > 0 || passedBytes === statedBytes() || isEndSeen();
    if (isLetGo || !isEnd) return response.destroyed || response.write(chunk);
    held.push(chunk);
    heldBytes += chunk.length;
    timer ??= clock.after(lingerMs, settleEarly);
    if (heldBytes > heldBytesMax) letGo();
    return true;
  }

  function settleEarly(): void {
    const settled = settle();
    if (settled === undefined) return letGo();
    timer = clock.after(endHeldMaxMs, letGo);
    void settled.finally(letGo);
  }

  function letGo(): void {
    isLetGo = true;
    timer?.cancel();
    if (!response.destroyed) for (const chunk of held) response.write(chunk);
    held = [];
    heldBytes = 0;
  }

  function write(chunk: Buffer, read: Promise<void> | undefined): boolean {
    if (read === undefined && reading === null) return pass(chunk);
    const next = (reading ?? Promise.resolve())
      .then(() => read)
      .then(() => {
        if (reading === next) reading = null;
        // One chunk is on its way to be read at a time; the upstream goes on when the client has room for the next.
        if (pass(chunk)) onRoom();
      });
    reading = next;
    return false;
  }

  function whenRead(run: () => void): void {
    if (reading === null) run();
    else void reading.then(run);
  }

  function end(settled: Promise<void> | undefined): void {
    timer?.cancel();
    let isEnded = false;
    const finish = () => {
      if (isEnded) return;
      isEnded = true;
      // Not under `cork` of the response: the end of a chunked message overtakes its last chunk then (Node 24).
      letGo();
      response.end();
    };
    if (settled === undefined || isLetGo) return finish();
    const latest = clock.after(endHeldMaxMs, finish);
    void settled.finally(() => {
      latest.cancel();
      finish();
    });
  }

  return {
    write,
    end: (settled) => whenRead(() => end(settled)),
    cut: (cut) =>
      whenRead(() => {
        letGo();
        cut();
      }),
  };
}
