/**
 * The far side of a crash run: the simulated Anthropic, behind a door that notes which calls reached it. It lives in the process that kills, so it
 * remembers what it served whatever happens to the engine.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startSandboxAnthropic, type ServedMessage } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';

/** By it a call is known to the client, at the door and in the ledger (as its conversation). */
export const callHeader = 'x-claude-code-session-id';

export type FarSide = {
  readonly url: string;
  /** Names of the calls that reached it, each as often as it did. */
  readonly reached: () => readonly string[];
  readonly served: () => readonly ServedMessage[];
  readonly close: () => Promise<void>;
};

export async function startFarSide(): Promise<FarSide> {
  const sandbox = await startSandboxAnthropic({ clock: systemClock });
  const reached: string[] = [];
  const door = createServer((incoming, response) => {
    reached.push(String(incoming.headers[callHeader]));
    passOn(sandbox.url, incoming, response);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    reached: () => reached,
    served: sandbox.served,
    close: async () => {
      door.closeAllConnections();
      await new Promise((resolve) => door.close(resolve));
      await sandbox.close();
    },
  };
}

function passOn(url: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = incoming;
  const inner = request(`${url}${incoming.url ?? '/'}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  inner.on('error', () => response.destroy());
  response.on('close', () => inner.destroy());
  // A killed engine cuts its request in the middle.
  incoming.on('error', () => inner.destroy());
  incoming.pipe(inner);
}
