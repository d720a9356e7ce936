/** The tray: today's spend at a glance, the window, and the way out. */
import { Menu, nativeImage, Tray } from 'electron';

import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { trayText } from './tray-text.ts';

export type SpendTray = { readonly show: (snapshot: LiveSnapshot | null) => void; readonly close: () => void };

export type TrayOptions = { readonly iconPath: string; readonly onOpen: () => void; readonly onQuit: () => void };

export function openTray({ iconPath, onOpen, onQuit }: TrayOptions): SpendTray {
  const tray = new Tray(nativeImage.createFromPath(iconPath).resize({ width: 18, height: 18 }));
  tray.on('click', onOpen);
  let shown = '';

  function show(snapshot: LiveSnapshot | null): void {
    const { title, tooltip } = trayText(snapshot);
    // Pictures come ten times a second; the tray changes when its words do.
    if (tooltip === shown) return;
    shown = tooltip;
    tray.setTitle(title);
    tray.setToolTip(tooltip);
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: tooltip, enabled: false },
        { type: 'separator' },
        { label: 'Open Tollkeeper', click: onOpen },
        { label: 'Quit', click: onQuit },
      ]),
    );
  }

  show(null);
  return { show, close: () => tray.destroy() };
}
