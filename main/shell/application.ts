/**
 * The desktop app: one instance per home folder, one engine process, one window, one tray. It holds the token and the secrets; the window
 * holds neither. Closing the window leaves metering on (the tray stays); quitting closes the engine first, so that calls in flight are settled.
 */
import { app, net, Notification, powerMonitor } from 'electron';

import type { LiveSnapshot } from '../../shared/contract/events.ts';
import type { Secrets } from '../../shared/contract/secrets.ts';
import type { Clock } from '../system/clock.ts';
import { registerAppScheme, handleAppProtocol } from './app-protocol.ts';
import { answerDesktopCalls } from './desktop-calls.ts';
import { startEngineProcess, type EngineHandle } from './engine-handle.ts';
import { askToRetry, showStartFailure } from './failure-dialog.ts';
import { forkEngine } from './fork-engine.ts';
import { systemKeychain } from './keychain.ts';
import { openLiveFeed, type LiveFeed } from './live-feed.ts';
import { sayLastWords } from './last-words.ts';
import { setMenu } from './menu.ts';
import { tellOnline, watchNetwork } from './network-signal.ts';
import { openNotifications } from './notifications.ts';
import { openTray, type SpendTray } from './tray.ts';
import { openSecretKeeper } from './secret-keeper.ts';
import { openVault } from './vault.ts';
import { createWindowOpener } from './window-opener.ts';
import { openWindow } from './window.ts';

export type ApplicationOptions = {
  readonly home: string;
  readonly isDemo: boolean;
  readonly port: number | undefined;
  readonly uiPort: number | undefined;
  readonly upstream: string | undefined;
  readonly token: string;
  /** Keys of the environment win over the vault's. */
  readonly environmentSecrets: Secrets;
  readonly paths: {
    readonly engineEntry: string;
    readonly preload: string;
    readonly renderer: string;
    readonly icon: string;
    /** An existing folder for Chromium's own files. */
    readonly windowData: string;
  };
  readonly clock: Clock;
};

/** Must be called before the app is ready. Ends the process itself when the app cannot start. */
export async function runApplication(options: ApplicationOptions): Promise<void> {
  // A rejection that nobody handles is a bug: Electron shows it like any other instead of going on without a word.
  process.on('unhandledRejection', (error) => {
    throw error;
  });
  // Chromium's own files, and its lock: a demo runs beside the real one, and on macOS and Windows the default would be our home folder.
  app.setPath('userData', options.paths.windowData);
  if (!app.requestSingleInstanceLock()) return app.quit();
  registerAppScheme();
  await app.whenReady();
  try {
    await openParts(options);
  } catch (error) {
    showStartFailure(error);
    app.exit(3);
  }
}

async function openParts(options: ApplicationOptions): Promise<void> {
  const vault = await openVault(options.home, systemKeychain);
  const secrets = await openSecretKeeper({
    vault,
    environment: options.environmentSecrets,
    isDemo: options.isDemo,
    onChange: (next) => engine.useSecrets(next),
  });
  const open = createWindowOpener((path) => openWindow(options.paths.preload, path));
  const show = () => open();
  const tray = openTray({
    iconPath: options.paths.icon,
    remark: vault.unavailable,
    onOpen: show,
    onQuit: () => app.quit(),
  });
  const engine = startEngine(options, secrets.secrets(), tray, openNotifications(Notification, open));
  handleAppProtocol({
    rendererFolder: options.paths.renderer,
    token: options.token,
    engineUrl: () => engine.addresses()?.dashboardUrl ?? null,
    secrets,
  });
  answerDesktopCalls();
  setMenu(show);
  app.on('second-instance', show);
  app.on('activate', show);
  // Metering goes on without a window; the tray is the way back and the way out.
  app.on('window-all-closed', () => {});
  const engineUrl = () => engine.addresses()?.dashboardUrl ?? null;
  const fetch = (address: string, init: RequestInit) => net.fetch(address, init);
  const tell = () => void tellOnline({ fetch, token: options.token, engineUrl });
  watchNetwork({ power: powerMonitor, isOnline: () => net.isOnline(), clock: options.clock, tell });
  closeEngineBeforeQuit(engine);
  show();
}

function startEngine(
  options: ApplicationOptions,
  secrets: Secrets,
  tray: SpendTray,
  notify: (snapshot: LiveSnapshot) => void,
): EngineHandle {
  const { home, isDemo, port, uiPort, upstream, token, clock } = options;
  let feed: LiveFeed | null = null;
  const flags = Object.fromEntries(
    Object.entries({ port, uiPort, upstream }).filter(([, value]) => value !== undefined),
  );
  const fetch = (address: string, init: RequestInit) => net.fetch(address, init);

  const engine = startEngineProcess({
    fork: forkEngine(options.paths.engineEntry),
    start: { home, isDemo, token, secrets, ...flags },
    clock,
    onReady: ({ dashboardUrl }) => {
      feed?.close();
      const onSnapshot = (snapshot: LiveSnapshot) => {
        tray.show(snapshot);
        notify(snapshot);
      };
      feed = openLiveFeed({ fetch, clock, dashboardUrl, token, onSnapshot });
    },
    onDown: () => {
      feed?.close();
      tray.show(null);
    },
    onFailed: (failure) =>
      void askToRetry(failure).then((answer) => (answer === 'retry' ? engine.retry() : app.quit())),
  });
  return engine;
}

function closeEngineBeforeQuit(engine: EngineHandle): void {
  let isClosed = false;
  app.on('before-quit', (event) => {
    if (isClosed) return;
    event.preventDefault();
    void engine.close().then((waiting) => {
      sayLastWords(Notification, waiting);
      isClosed = true;
      app.quit();
    });
  });
}
