/**
 * The utilityProcess entry of the desktop app: waits to be told home, token and secrets, starts the engine, answers with its addresses. Other secrets may
 * follow.
 * Ends with code 0 when asked to close, and with 1 when the engine dies, so that the shell starts it again.
 */
import { join } from 'node:path';

import { isAppError } from '../shared/contract/errors.ts';
import type { Engine } from './engine.ts';
import { proxiesOf, settingsOf, transcriptPlacesOf } from './settings/environment.ts';
import { openSettings } from './settings/store.ts';
import {
  toEngineSchema,
  type FromEngine,
  type SecretsMessage,
  type StartMessage,
} from '../shared/contract/engine-process.ts';
import { systemClock } from './system/clock.ts';
import { keepCompiledCode } from './system/code-cache.ts';
import { systemIds } from './system/ids.ts';
import { errorText } from './system/error-text.ts';
import { openFileLog } from './system/log.ts';
import { quietStripe } from './system/quiet-stripe.ts';

const lastWordMs = 50;

const port = process.parentPort;
let engine: Promise<Engine | null> = Promise.resolve(null);

port.on('message', ({ data }: { data: unknown }) => {
  const message = toEngineSchema.parse(data);
  if (message.kind === 'start') engine = start(message).catch(tellFailure);
  else if (message.kind === 'secrets') void use(message);
  else void close();
});

// Ctrl-C in a terminal reaches this process too; the shell hears it as well and closes the engine in order.
process.on('SIGINT', () => {});

async function start({ home, isDemo, token, secrets, port: proxyPort, uiPort, upstream }: StartMessage) {
  keepCompiledCode(home);
  quietStripe(process.env);
  const { startEngine } = await import('./engine.ts');
  const settingsStore = openSettings(home, {
    ...settingsOf(process.env),
    ...(proxyPort === undefined ? {} : { port: proxyPort }),
    ...(uiPort === undefined ? {} : { uiPort }),
    ...(upstream === undefined ? {} : { upstream }),
  });
  const log = openFileLog(join(home, 'logs', 'tollkeeper.log'));
  const common = {
    home,
    settings: settingsStore.settings,
    settingsStore,
    token,
    proxies: proxiesOf(process.env),
    transcriptPlaces: transcriptPlacesOf(process.env),
    rendererFolder: null,
    log,
    clock: systemClock,
    ids: systemIds,
    onFatal: () => process.exit(1),
    secretsKeeper: 'vault',
  } as const;
  const started = isDemo
    ? await (await import('./sandbox/start-demo.ts')).startDemo(common, startEngine)
    : await startEngine({ ...common, secrets, isDemo });
  tell({ kind: 'ready', proxyUrl: started.proxyUrl, dashboardUrl: started.dashboardUrl });
  return started;
}

/** Also when it is told while the engine still starts: with what it was told last it goes on. */
async function use({ secrets }: SecretsMessage): Promise<void> {
  await (await engine)?.useSecrets(secrets);
}

/** Also when it is asked while the engine still starts: what is half open is closed, too. */
async function close(): Promise<void> {
  const waiting = await (await engine)?.close();
  if (waiting !== undefined) tell({ kind: 'closed', ...waiting });
  // The message crosses before the process is gone.
  systemClock.after(lastWordMs, () => process.exit(0));
}

function tell(message: FromEngine): void {
  port.postMessage(message);
}

function tellFailure(error: unknown): null {
  const remedy = isAppError(error) ? error.remedy : 'See the log in the home folder.';
  tell({ kind: 'failed', message: errorText(error), remedy });
  return null;
}
