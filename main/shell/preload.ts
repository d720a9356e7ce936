/** Runs in the sandboxed page's process, apart from the page: hands it the desktop's functions. Imports nothing that the sandbox lacks. */
import { contextBridge, ipcRenderer } from 'electron';

import { desktopApiName, type DesktopApi } from '../../shared/contract/desktop.ts';
import { desktopChannels } from './preload-api.ts';

const api: DesktopApi = {
  platform: () => process.platform,
  version: () => ipcRenderer.invoke(desktopChannels.version) as Promise<string>,
  openExternal: (address) => ipcRenderer.invoke(desktopChannels.openExternal, address) as Promise<boolean>,
  onOpen: (listener) => {
    // The event itself stays here: it would lead the page to the channel.
    const onMessage = (_event: unknown, path: unknown) => (typeof path === 'string' ? listener(path) : undefined);
    ipcRenderer.on(desktopChannels.open, onMessage);
    return () => void ipcRenderer.off(desktopChannels.open, onMessage);
  },
};

contextBridge.exposeInMainWorld(desktopApiName, api);
