/** The tray: today's spend at a glance, the window, and the way out. */
import { Menu, nativeImage, Tray } from 'electron';

import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { trayText, type TrayText } from './tray-text.ts';

/** Null: the engine is not up. */
export type SpendTray = { readonly show: (snapshot: LiveSnapshot | null) => void; readonly close: () => void };

export type TrayOptions = {
  readonly iconPath: string;
  /** A lasting remark for the menu, such as why keys are not kept. */
  readonly remark: string | null;
  readonly onOpen: () => void;
  readonly onQuit: () => void;
};

export function openTray({ iconPath, remark, onOpen, onQuit }: TrayOptions): SpendTray {
  const tray = new Tray(nativeImage.createFromPath(iconPath).resize({ width: 18, height: 18 }));
  tray.on('click', onOpen);
  let shown: TrayText | null = null;

  function setMenu(menuLine: string): void {
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: menuLine, click: onOpen },
        ...(remark === null ? [] : [{ label: remark, enabled: false }]),
        { type: 'separator' },
        { label: 'Open Tollkeeper', click: onOpen },
        { label: 'Quit', click: onQuit },
      ]),
    );
  }

  function show(snapshot: LiveSnapshot | null): void {
    const text = trayText(snapshot);
    // Pictures come ten times a second; the tray changes when its words do.
    if (text.title !== shown?.title) tray.setTitle(text.title);
    if (text.tooltip !== shown?.tooltip) tray.setToolTip(text.tooltip);
    if (text.menuLine !== shown?.menuLine) setMenu(text.menuLine);
    shown = text;
  }

  show(null);
  return { show, close: () => tray.destroy() };
}
