/** Answers the preload's calls: only from our own page's top frame, and only arguments of the right shape. */
import { ipcMain, shell, type IpcMainInvokeEvent } from 'electron';
import { z } from 'zod';

import { version } from '../system/version.ts';
import { appOrigin } from './app-files.ts';
import { isAllowedLink } from './links.ts';
import { desktopChannels } from './preload-api.ts';

const addressSchema = z.string().max(2_000);

export function answerDesktopCalls(): void {
  ipcMain.handle(desktopChannels.version, (event) => {
    refuseForeign(event);
    return version;
  });
  ipcMain.handle(desktopChannels.openExternal, async (event, argument: unknown) => {
    refuseForeign(event);
    const address = addressSchema.parse(argument);
    if (!isAllowedLink(address)) return false;
    await shell.openExternal(address);
    return true;
  });
}

function refuseForeign({ senderFrame }: IpcMainInvokeEvent): void {
  const isOurs = senderFrame !== null && senderFrame.parent === null && senderFrame.url.startsWith(`${appOrigin}/`);
  if (!isOurs) throw new Error('a call from a foreign frame');
}
