/** Forks the engine as a utilityProcess: its own loop, so that neither the window nor the menu ever waits for the ledger. */
import { utilityProcess } from 'electron';

import type { Fork } from './engine-handle.ts';

/**
 * A call's young objects live until its row is in the ledger. In 4 MB half of them grow old before that and make work for the collector (40 µs a call);
 * left alone, V8 spreads them over three times 32 MB. And it would let the rest of the heap quadruple before it looks (`npm run bench -- memory`, and
 * `-- throughput`). Both take effect only as flags at start; package.json gives them to the headless host.
 */
const execArgv = ['--max-semi-space-size=16', '--heap-growing-percent=100'];

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
