/**
 * The desktop app without Electron: the real engine process, forked by Node, the vault over a cipher, and the requests of the window answered as its protocol
 * answers them.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { noSecrets, type Secrets } from '../../shared/contract/secrets.ts';
import { createAppRequests } from '../../main/shell/app-requests.ts';
import { startEngineProcess, type EngineHandle, type Fork } from '../../main/shell/engine-handle.ts';
import { openSecretKeeper, type SecretKeeper } from '../../main/shell/secret-keeper.ts';
import { openVault, type Keychain } from '../../main/shell/vault.ts';
import { systemClock } from '../../main/system/clock.ts';
import { createKeychain } from './cipher-keychain.ts';
import { testToken } from './test-engine.ts';

const entry = join(import.meta.dirname, '../../main/engine-process.ts');
const shim = join(import.meta.dirname, '../unit/shell/parent-port.ts');

/** As Electron's utilityProcess; `onChild` is told of each. */
export function forkByNode(onChild: (child: ChildProcess) => void, env: NodeJS.ProcessEnv = process.env): Fork {
  return ({ onMessage, onExit }) => {
    const child = fork(entry, { execArgv: ['--import', shim], stdio: 'ignore', env });
    child.on('message', onMessage);
    child.once('exit', onExit);
    onChild(child);
    return { post: (message) => void child.send(message), kill: () => void child.kill() };
  };
}

export type Desktop = {
  readonly engine: EngineHandle;
  readonly keeper: SecretKeeper;
  readonly children: readonly ChildProcess[];
  /** Resolves when an engine is up, after the last time it was. */
  readonly ready: () => Promise<{ readonly proxyUrl: string; readonly dashboardUrl: string }>;
  /** As the page fetches from its own origin. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly handle: (request: Request) => Response | Promise<Response>;
  readonly close: () => Promise<void>;
};

export type DesktopOptions = {
  readonly home: string;
  readonly upstream: string;
  readonly environment?: Partial<Secrets>;
  readonly keychain?: Keychain;
  readonly isDemo?: boolean;
  readonly rendererFolder?: string;
  readonly env?: NodeJS.ProcessEnv;
};

export async function startDesktop({
  home,
  upstream,
  environment = {},
  keychain = createKeychain(),
  isDemo = false,
  rendererFolder = home,
  env = process.env,
}: DesktopOptions): Promise<Desktop> {
  const children: ChildProcess[] = [];
  let up = Promise.withResolvers<{ readonly proxyUrl: string; readonly dashboardUrl: string }>();
  const keeper = await openSecretKeeper({
    vault: await openVault(home, keychain),
    environment: { ...noSecrets, ...environment },
    isDemo,
    onChange: (next) => engine.useSecrets(next),
  });
  const engine = startEngineProcess({
    fork: forkByNode((child) => void children.push(child), env),
    start: {
      home,
      isDemo,
      token: testToken,
      port: 0,
      uiPort: 0,
      secrets: keeper.secrets(),
      ...(isDemo ? {} : { upstream }),
    },
    clock: systemClock,
    onReady: (addresses) => up.resolve(addresses),
    onDown: () => {
      up = Promise.withResolvers();
    },
    onFailed: (failure) => up.reject(new Error(failure.message)),
  });
  const handle = createAppRequests({
    rendererFolder,
    token: testToken,
    engineUrl: () => engine.addresses()?.dashboardUrl ?? null,
    secrets: keeper,
    fetch: (address, init) => fetch(address, init),
  });
  return {
    engine,
    keeper,
    children,
    ready: () => up.promise,
    fetch: async (path, init) => handle(new Request(`app://tollkeeper${path}`, init)),
    handle,
    close: async () => {
      await engine.close();
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
