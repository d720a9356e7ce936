/** What the page knows of the desktop app: that it runs in it, and on which platform. Everything else goes through the API. */
import { contextBridge } from 'electron';

contextBridge.exposeInMainWorld('tollkeeperDesktop', { platform: process.platform });
