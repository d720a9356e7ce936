/** Forks the engine as a utilityProcess: its own loop, so that neither the window nor the menu ever waits for the ledger. */
import { utilityProcess } from 'electron';

import type { Fork } from './engine-handle.ts';

/**
 * A call's young objects die in a few MB. V8 would let them spread over 48 MB before it looks, for no gain in speed (measured by
 * `npm run bench -- memory` and `-- throughput`). Takes effect only as a flag at start; package.json gives it to the headless host.
 */
const execArgv = ['--max-semi-space-size=4'];

/** `entry`: path of the built engine-process. */
export function forkEngine(entry: string): Fork {
  return ({ onMessage, onExit }) => {
    // What it says before its log is open (a broken install) belongs in the terminal that started the app.
    const child = utilityProcess.fork(entry, [], { execArgv, serviceName: 'Tollkeeper engine', stdio: 'inherit' });
    child.on('message', onMessage);
    child.once('exit', onExit);
    return { post: (message) => child.postMessage(message), kill: () => void child.kill() };
  };
}
