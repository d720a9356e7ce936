/** The application menu: the system's own items and the way back to the window. */
import { Menu } from 'electron';

export function setMenu(onOpen: () => void): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      { role: 'appMenu' },
      { role: 'editMenu' },
      {
        label: 'View',
        submenu: [
          { label: 'Open Tollkeeper', accelerator: 'CmdOrCtrl+O', click: onOpen },
          { type: 'separator' },
          { role: 'resetZoom' },
          { role: 'zoomIn' },
          { role: 'zoomOut' },
          { role: 'togglefullscreen' },
        ],
      },
      { role: 'windowMenu' },
    ]),
  );
}
