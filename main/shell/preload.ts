/** Runs in the sandboxed page's process, apart from the page: hands it the desktop's functions. Imports nothing that the sandbox lacks. */
import { contextBridge, ipcRenderer } from 'electron';

import { desktopApiName, desktopChannels, type DesktopApi } from './preload-api.ts';

const api: DesktopApi = {
  platform: () => process.platform,
  version: () => ipcRenderer.invoke(desktopChannels.version) as Promise<string>,
  openExternal: (address) => ipcRenderer.invoke(desktopChannels.openExternal, address) as Promise<boolean>,
};

contextBridge.exposeInMainWorld(desktopApiName, api);
