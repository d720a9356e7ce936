/** The one window: sandboxed, isolated, no permissions, no navigation away; links to the outside open in the browser, from a short list. */
import { BrowserWindow, session, shell, type Session } from 'electron';

import { appOrigin } from './app-files.ts';
import { isAllowedLink } from './links.ts';
import { desktopChannels } from './preload-api.ts';
import type { OpenedWindow } from './window-opener.ts';

/** `path` is of one of the dashboard's screens. */
export function openWindow(preload: string, path: string): OpenedWindow {
  const window = new BrowserWindow({
    width: 1_280,
    height: 860,
    minWidth: 360,
    minHeight: 480,
    show: false,
    title: 'Tollkeeper',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  refusePermissions(session.defaultSession);
  window.webContents.setWindowOpenHandler(({ url }) => {
    if (isAllowedLink(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
  const stay = (event: { preventDefault: () => void }, url: string) => {
    if (!url.startsWith(`${appOrigin}/`)) event.preventDefault();
  };
  window.webContents.on('will-navigate', stay);
  window.webContents.on('will-redirect', stay);
  window.webContents.on('will-attach-webview', (event) => event.preventDefault());
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${appOrigin}${path}`);
  return {
    isMinimized: () => window.isMinimized(),
    restore: () => window.restore(),
    show: () => window.show(),
    focus: () => window.focus(),
    goTo: (next) => window.webContents.send(desktopChannels.open, next),
    onClosed: (listener) => window.on('closed', listener),
  };
}

/** All but writing text to the clipboard, which the copy buttons need. */
function refusePermissions(of: Session): void {
  const isAllowed = (permission: string) => permission === 'clipboard-sanitized-write';
  of.setPermissionRequestHandler((_contents, permission, decide) => decide(isAllowed(permission)));
  of.setPermissionCheckHandler((_contents, permission) => isAllowed(permission));
  of.setDevicePermissionHandler(() => false);
}
