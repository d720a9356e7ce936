/**
 * What a client's connection may do besides sending requests one after another: close one half, and leave.
 *
 * A client that has sent everything may close its half (FIN) and still wait for the answer; one that leaves looks the same from here. So, while no
 * answer has begun, an interim `102 Processing` asks: whoever is gone answers it with a reset, which ends the call as any leaving does, and whoever
 * waits passes over it (RFC 9110 section 15.2). Once the answer has begun, closing is leaving: a stream must stop costing when nobody reads it.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Clock } from '../system/clock.ts';

export type OpenCalls = {
  readonly add: (response: ServerResponse) => void;
  /** In the order in which they came. */
  readonly on: (socket: Duplex) => ServerResponse[];
  readonly destroyAll: () => void;
};

/** The first asks, the second finds the connection reset; the third is for a slow machine. */
const probes = 3;
const probeDelayMs = 50;

export function createOpenCalls(): OpenCalls {
  const open = new Set<ServerResponse>();
  return {
    add: (response) => {
      open.add(response);
      response.on('close', () => open.delete(response));
    },
    on: (socket) => [...open].filter(({ req }) => req.socket === socket),
    destroyAll: () => {
      for (const response of open) response.destroy();
    },
  };
}

export function watchConnections(server: Server, calls: OpenCalls, clock: Clock): void {
  // Node's own name for "do not take the end of what a client sends for its leaving"; not in its types.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('connection', (socket) => {
    socket.on('end', () => {
      const current = calls.on(socket).find((response) => response.socket === socket);
      if (!current?.req.complete) return;
      if (!current.headersSent) ask(current, clock, probes);
      else if (!current.writableEnded) socket.destroy();
    });
  });
}

function ask(response: ServerResponse, clock: Clock, left: number): void {
  if (left === 0 || response.headersSent || response.destroyed || response.req.httpVersionMinor === 0) return;
  response.writeProcessing();
  clock.after(probeDelayMs, () => ask(response, clock, left - 1));
}
