/**
 * The desktop app: one instance, one engine process, one window, one tray. It holds the token and the secrets; the window holds neither.
 * Closing the window leaves metering on (the tray stays); quitting closes the engine first, so that calls in flight are settled.
 */
import { app, dialog, type BrowserWindow } from 'electron';

import type { Clock } from '../system/clock.ts';
import { registerAppScheme, handleAppProtocol } from './app-protocol.ts';
import { startEngineProcess, type EngineHandle } from './engine-handle.ts';
import { openLiveFeed, type LiveFeed } from './live-feed.ts';
import { setMenu } from './menu.ts';
import { openTray, type SpendTray } from './tray.ts';
import { openVault, type Secrets } from './vault.ts';
import { openWindow } from './window.ts';

export type ApplicationOptions = {
  readonly home: string;
  readonly isDemo: boolean;
  readonly port: number | undefined;
  readonly uiPort: number | undefined;
  readonly token: string;
  /** Keys of the environment win over the vault's. */
  readonly environmentSecrets: Secrets;
  readonly paths: {
    readonly engineEntry: string;
    readonly preload: string;
    readonly renderer: string;
    readonly icon: string;
  };
  readonly clock: Clock;
};

export async function runApplication(options: ApplicationOptions): Promise<void> {
  if (!app.requestSingleInstanceLock()) return app.quit();
  registerAppScheme();
  await app.whenReady();
  let window: BrowserWindow | null = null;
  let feed: LiveFeed | null = null;

  function show(): void {
    if (window === null) {
      window = openWindow(options.paths.preload);
      window.on('closed', () => {
        window = null;
      });
    }
    window.show();
    window.focus();
  }

  const tray: SpendTray = openTray({ iconPath: options.paths.icon, onOpen: show, onQuit: () => app.quit() });
  const engine: EngineHandle = startEngine(options, {
    onReady: (dashboardUrl) => {
      feed?.close();
      feed = openLiveFeed(dashboardUrl, options.token, tray.show);
    },
    onDown: () => tray.show(null),
  });
  handleAppProtocol({
    rendererFolder: options.paths.renderer,
    token: options.token,
    engineUrl: () => engine.addresses()?.dashboardUrl ?? null,
  });
  setMenu(show);
  app.on('second-instance', show);
  app.on('activate', show);
  // Metering goes on without a window; the tray is the way back and the way out.
  app.on('window-all-closed', () => {});
  closeEngineBeforeQuit(engine);
  show();
}

type EngineEvents = { readonly onReady: (dashboardUrl: string) => void; readonly onDown: () => void };

function startEngine(
  { home, isDemo, port, uiPort, token, environmentSecrets, paths, clock }: ApplicationOptions,
  events: EngineEvents,
): EngineHandle {
  const kept = openVault(home).read();
  const secrets = {
    anthropicApiKey: environmentSecrets.anthropicApiKey ?? kept.anthropicApiKey,
    stripeApiKey: environmentSecrets.stripeApiKey ?? kept.stripeApiKey,
  };
  const ports = { ...(port === undefined ? {} : { port }), ...(uiPort === undefined ? {} : { uiPort }) };
  return startEngineProcess({
    entry: paths.engineEntry,
    start: { home, isDemo, token, secrets, ...ports },
    clock,
    onReady: ({ dashboardUrl }) => events.onReady(dashboardUrl),
    onDown: events.onDown,
    onFailed: ({ message, remedy }) => dialog.showErrorBox('Tollkeeper is not metering', `${message}\n${remedy}`),
  });
}

function closeEngineBeforeQuit(engine: EngineHandle): void {
  let isClosed = false;
  app.on('before-quit', (event) => {
    if (isClosed) return;
    event.preventDefault();
    void engine.close().then(() => {
      isClosed = true;
      app.quit();
    });
  });
}
